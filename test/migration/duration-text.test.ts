import { expect, it } from 'vitest';
import { ageText, durationText } from '../../src/migration/duration-text.js';

it.each([
  [0, '0s'],
  [-5, '0s'],
  [250, '250ms'],
  [1_500, '1s 500ms'],
  [300_000, '5m'],
  [86_399_999, '23h 59m'],
  [86_400_000, '1d'],
  [36 * 3_600_000, '1d 12h'],
  [86_400_000 + 60_000, '1d'],
])('%d milliseconds are %s', (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));

it.each([
  [-5, '0s'],
  [999, '0s'],
  [1_999, '1s'],
  [90_999, '1m 30s'],
])('%d milliseconds ago are %s', (milliseconds, text) => expect(ageText(milliseconds)).toBe(text));
