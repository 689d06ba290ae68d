import { UNNOTICED, type UpTime } from '../store/up-times.js';

/**
 * Milliseconds that some of the up-times cover.
 *
 * @param upTimes in the order of their starts
 * @param to when a webhook came: what was up a moment before, since it is noted only from time to time, was up until then
 */
export function covered(upTimes: readonly UpTime[], from: number, to: number): number {
  let sum = 0;
  let counted = from;
  for (const upTime of upTimes) {
    const start = Math.max(upTime.from, counted);
    const end = upTime.to + UNNOTICED < to ? upTime.to : to;
    if (end <= start) continue;
    sum += end - start;
    counted = end;
  }
  return sum;
}
