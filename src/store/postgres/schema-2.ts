import { upTimesSchema } from './up-times-schema.js';

/** The second schema: what was added to the first. */
export const schema2 = upTimesSchema;
