const UNITS: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 * 1024 };

/**
 * Reads `64kb` or `10mb`, in either letter case: a whole number with a unit, 1 kb being 1024 bytes.
 *
 * @returns bytes, or undefined where the text is no size
 */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)(kb|mb)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit?.toLowerCase() ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
