import { partsSchema } from './parts-schema.js';
import { upTimesSchema } from './up-times-schema.js';

/** The third schema: what was added to the second, a part each. */
export const schema3 = [upTimesSchema, partsSchema].join('\n');
