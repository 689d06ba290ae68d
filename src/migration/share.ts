import { hash } from 'node:crypto';

/**
 * Whether a batch is among the `share` percent that a destination takes; its alternative gets exactly the rest, by the
 * same call with the same destination. The answer depends on nothing but the three values, so it is the same for every
 * event of a batch, attempt and instance, and raising the share only adds batches, lowering it only removes some.
 *
 * The destination's name is part of the key, so that two splits do not always pick the same customers first. Renaming a
 * destination therefore draws anew.
 *
 * @param destination the name of the destination that has the share, not of its alternative
 * @param share percent, with fractions; 0 takes none, 100 takes all
 */
export const takesShare = (batchId: string, destination: string, share: number): boolean =>
  placeOf(batchId, destination) < share;

/** From 0 to below 100, evenly spread: 48 bits of a hash, exact in a double. */
function placeOf(batchId: string, destination: string): number {
  const bits = hash('sha256', JSON.stringify([destination, batchId]), 'buffer').readUIntBE(0, 6);
  return (bits / 2 ** 48) * 100;
}
