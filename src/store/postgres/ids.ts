/**
 * Ids carry the day: days since the epoch (UTC) and, in the lower eleven digits, a number of the table's sequence. So a
 * row is found by its id alone, in the one partition that holds its day, and a day can go as a whole. What is made of a
 * webhook has the webhook's day, whenever it is made; a sighting has the day on which it was seen. Ids stay below 2^53
 * until the year 2216.
 */
const SPAN = 100_000_000_000;
const DAY = 86_400_000;

/** The day of a time, or of an id. */
export const dayOfTime = (time: number): number => Math.floor(time / DAY);
export const dayOfId = (id: number): number => Math.floor(id / SPAN);
/** The first id of a day, which is also the end of the day before. */
export const firstId = (day: number): number => day * SPAN;

/** An id of the day, with a number that its table's sequence gave. */
export const idOf = (day: number, number: number): number => day * SPAN + number;

/** As SQL: the part of an id that the sequence gave, which grows with time whatever the day. */
export const numberOf = (id: string): string => `(${id} % ${SPAN})`;
/** As SQL: an id of the day of a time, with the next number. */
export const nextIdOfTime = (time: string, sequence: string): string =>
  `(${time} / ${DAY} * ${SPAN} + nextval('${sequence}'))`;
/** As SQL: that `id` is of the same day as `other`, in a form that lets PostgreSQL pass over all other partitions. */
export const sameDay = (id: string, other: string): string =>
  `${id} >= ${other} / ${SPAN} * ${SPAN} AND ${id} < (${other} / ${SPAN} + 1) * ${SPAN}`;
/** As SQL: the first id of the day after that of an id. */
export const firstOfNextDay = (id: string): string => `(${id} / ${SPAN} + 1) * ${SPAN}`;
