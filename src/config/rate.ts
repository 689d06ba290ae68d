import type { Rate } from '../model.js';
import { parseDuration } from './duration.js';

/**
 * Reads `50/s`, `600/m` or `1/h`: a whole number above zero for each second, minute or hour.
 *
 * @returns undefined where the text is no rate
 */
export function parseRate(text: string): Rate | undefined {
  const [, digits, unit] = /^(\d+)\/(s|m|h)$/.exec(text) ?? [];
  const count = Number(digits);
  const per = parseDuration(`1${unit}`);
  return per !== undefined && Number.isSafeInteger(count) && count > 0 ? { count, per } : undefined;
}
