import { faultSchema } from './fault-schema.js';
import { holdsSchema } from './holds-schema.js';
import { refusedSchema } from './refused-schema.js';

/** The second schema: what was added to the first, a part each. */
export const schema2 = [refusedSchema, faultSchema, holdsSchema].join('\n');
