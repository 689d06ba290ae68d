/**
 * Characters that could steer a terminal or hide what a text says: C0 and C1 controls, line separators, the marks that
 * change the direction of writing, and those that take no place. What comes from outside may hold any of them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u00ad\u200b\u2028\u2029\u2060\ufeff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text from outside as one line that is safe to print. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (unit) => SHORT[unit] ?? escapeUnit(unit));

/** JSON text that is safe to print and says the same: in JSON, such characters stand only inside strings, or are white space. */
export const printableJson = (text: string): string =>
  text.replace(UNPRINTABLE, (unit) => (unit <= ' ' ? unit : escapeUnit(unit)));

/** The same for a reader that prints what the strings say: it finds the escapes in them. */
export const printableJsonStrings = (text: string): string =>
  text.replace(UNPRINTABLE, (unit) => (unit <= ' ' ? unit : `\\${escapeUnit(unit)}`));
