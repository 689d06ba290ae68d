/** U+0010 (data link escape), which no JSON text holds as it is. */
const ESCAPE = '\x10';
const ESCAPED = new RegExp(`${ESCAPE}(.)`, 'gs');

/**
 * A text for a column of PostgreSQL, which cannot hold U+0000: it becomes an escape and a 0, and an escape itself is
 * doubled. Each text has one such form, so that columns are compared as they are.
 */
export const text = (value: string): string =>
  value.includes('\0') || value.includes(ESCAPE)
    ? value.replaceAll(ESCAPE, ESCAPE + ESCAPE).replaceAll('\0', `${ESCAPE}0`)
    : value;

export const optionalText = (value: string | null): string | null => (value === null ? null : text(value));

/** What `text` made. */
export const fromText = (value: string): string =>
  value.includes(ESCAPE)
    ? value.replace(ESCAPED, (_, escaped: string) => (escaped === '0' ? '\0' : escaped))
    : value;

export const fromOptionalText = (value: string | null): string | null =>
  value === null ? null : fromText(value);

/** As SQL: the size of a text in UTF-8 bytes, before it was escaped. Each escape made one byte more. */
export const sizeOf = (column: string): string =>
  `octet_length(CASE WHEN strpos(${column}, chr(16)) = 0 THEN ${column}
                     ELSE regexp_replace(${column}, chr(16) || '.', '.', 'gs') END)`;
