import type { Rate } from '../model.js';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `50/s`, `600/m` or `1/h`: a whole number above zero for each second, minute or hour.
 *
 * @returns undefined where the text is no rate
 */
export function parseRate(text: string): Rate | undefined {
  const [, digits, unit] = /^(\d+)\/(s|m|h)$/.exec(text) ?? [];
  const count = Number(digits);
  const per = UNITS[unit ?? ''];
  return per !== undefined && Number.isSafeInteger(count) && count > 0 ? { count, per } : undefined;
}
