import type { FileIdentity } from '../model.js';

const THREE_BYTES = 2 ** 24;

/** Leads to a few rows at most, which are then compared in full: three bytes of either hash, as an integer. */
export const keyOf = ({ subject, digest }: FileIdentity): number =>
  threeBytes(subject) * THREE_BYTES + threeBytes(digest);

/** The keys of all files with a subject: from `first` (inclusive) until `end` (exclusive). */
export function keysOf(subject: Uint8Array): { readonly first: number; readonly end: number } {
  const first = threeBytes(subject) * THREE_BYTES;
  return { first, end: first + THREE_BYTES };
}

/** Spreads files over the integers, each always in one place, whatever its result. */
export const spreadOf = (subject: Uint8Array): number => threeBytes(subject);

/** 128 of the 384 bits of two hashes: enough to leave no room for chance. */
export const nameOf = ({ subject, digest }: FileIdentity): string => latin1(subject) + latin1(digest);

const threeBytes = (bytes: Uint8Array): number =>
  (bytes[0] ?? 0) * 65_536 + (bytes[1] ?? 0) * 256 + (bytes[2] ?? 0);

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(8, bytes.length)).toString('latin1');
