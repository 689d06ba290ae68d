import { destinationsSchema } from './destinations-schema.js';
import { refusedSchema } from './refused-schema.js';
import { trafficSchema } from './traffic-schema.js';

/** The first schema, a part each. */
export const schema1 = [trafficSchema, destinationsSchema, refusedSchema].join('\n');
