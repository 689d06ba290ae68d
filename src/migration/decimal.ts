/** Beyond this an exponent is not reckoned with: no sender counts so far. */
const LARGEST_EXPONENT = 1e15;

/**
 * A number's value as text, the same for every spelling of it, exact at any length: `100.00`, `1E2` and `100` are `1e2`,
 * `-0` is `0`. Doubles would take 12345678901234567890 and 12345678901234567891 for one.
 *
 * @param spelling a JSON number; where its exponent is absurd, it stands for itself
 */
export function decimalOf(spelling: string): string {
  const e = spelling.search(/[eE]/);
  const exponent = e === -1 ? 0 : Number(spelling.slice(e + 1));
  const mantissa = e === -1 ? spelling : spelling.slice(0, e);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const digits = whole + fraction;

  let from = 0;
  let to = digits.length;
  while (from < to && digits[from] === '0') from++;
  if (from === to) return '0';
  if (Math.abs(exponent) > LARGEST_EXPONENT) return spelling;
  // Not with a regular expression: that takes the square of the time over long runs of zeros.
  while (digits[to - 1] === '0') to--;
  return `${sign}${digits.slice(from, to)}e${exponent - fraction.length + digits.length - to}`;
}
