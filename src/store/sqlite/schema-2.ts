import { faultSchema } from './fault-schema.js';

/** The second schema: what each part adds. */
export const schema2 = [faultSchema].join('');
