export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank: the smallest number that so large a part does not exceed; null where there are no numbers. */
export function percentilesOf(numbers: readonly number[]): Percentiles | null {
  if (numbers.length === 0) return null;
  const sorted = Float64Array.from(numbers).sort();
  const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
