/**
 * Arrays in PostgreSQL's binary format, for `unnest`: a text goes over as its UTF-8 bytes, where the driver's own text
 * format escapes each quote of a body here and has it parsed again there.
 * https://github.com/postgres/postgres/blob/REL_18_0/src/backend/utils/adt/arrayfuncs.c (array_recv)
 */

const TYPE = { bytea: 17, int8: 20, text: 25, float8: 701 } as const;
const HEADER = 20;
const TWO_32 = 2 ** 32;

export const int8s = (values: readonly (number | null)[]): Buffer =>
  fixed(TYPE.int8, values, (buffer, value, at) => {
    const high = Math.floor(value / TWO_32);
    buffer.writeInt32BE(high, at);
    buffer.writeUInt32BE(value - high * TWO_32, at + 4);
  });

export const float8s = (values: readonly (number | null)[]): Buffer =>
  fixed(TYPE.float8, values, (buffer, value, at) => buffer.writeDoubleBE(value, at));

export function texts(values: readonly (string | null)[]): Buffer {
  const lengths = values.map((value) => (value === null ? -1 : Buffer.byteLength(value)));
  return variable(TYPE.text, lengths, (buffer, index, at) => buffer.write(values[index] ?? '', at));
}

export const byteas = (values: readonly Uint8Array[]): Buffer =>
  variable(
    TYPE.bytea,
    values.map((value) => value.length),
    (buffer, index, at) => buffer.set(values[index] ?? [], at),
  );

/** Eight bytes each. */
function fixed<T extends number>(
  type: number,
  values: readonly (T | null)[],
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const lengths = values.map((value) => (value === null ? -1 : 8));
  return variable(type, lengths, (buffer, index, at) => {
    const value = values[index];
    if (value !== null && value !== undefined) write(buffer, value, at);
  });
}

/** @param lengths in bytes; -1 is NULL. */
function variable(
  type: number,
  lengths: readonly number[],
  write: (buffer: Buffer, index: number, at: number) => void,
): Buffer {
  let size = HEADER;
  for (const length of lengths) size += 4 + Math.max(length, 0);
  const buffer = Buffer.allocUnsafe(size);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(lengths.includes(-1) ? 1 : 0, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(lengths.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = HEADER;
  for (const [index, length] of lengths.entries()) {
    buffer.writeInt32BE(length, at);
    at += 4;
    if (length < 0) continue;
    write(buffer, index, at);
    at += length;
  }
  return buffer;
}
