const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Milliseconds for a person, in its two largest units: `1d 12h`, `5m`, `250ms`. */
export function durationText(milliseconds: number): string {
  let rest = Math.max(0, Math.round(milliseconds));
  const first = UNITS.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0s';
  const parts: string[] = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(' ');
}

/** How long ago something was, to the second: less than that is noise. */
export const ageText = (milliseconds: number): string =>
  durationText(Math.floor(milliseconds / 1_000) * 1_000);
