import { partsSchema } from './parts-schema.js';
import { upTimesSchema } from './up-times-schema.js';

/** The second schema: what was added to the first, a part each. */
export const schema2 = [upTimesSchema, partsSchema].join('\n');
