import { upTimesSchema } from './up-times-schema.js';

/** The third schema: what was added to the second. */
export const schema3 = upTimesSchema;
