import { copySchema } from './copy-schema.js';

/** The second schema: what was added to the first, a part each. */
export const schema2 = [copySchema].join('\n');
