import { holdsSchema } from './holds-schema.js';

/** Each part says what it is for. */
export const schema2 = holdsSchema;
