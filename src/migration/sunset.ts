import type { Format } from '../model.js';

/** Milliseconds without a legacy webhook, after which one is a surprise. */
const GONE_AFTER = 24 * 3_600_000;

interface Seen {
  readonly source: string;
  readonly format: Format;
  /** When the latest of them came. */
  readonly lastAt: number;
}

/** A legacy webhook of a source whose legacy traffic had ended. */
interface Comeback {
  readonly source: string;
  /** When the legacy webhook before it came, in ms. */
  readonly lastAt: number;
}

/** Takes notice of webhooks that came. @returns the sources whose legacy traffic came back with one of them. */
type Sunset = (
  webhooks: readonly { readonly source: string; readonly format: Format; readonly receivedAt: number }[],
) => readonly Comeback[];

/**
 * Notices when legacy traffic comes back after the cutover: a legacy webhook after a day without one, in which the
 * new format did arrive. Told once for each comeback; traffic that pauses as a whole, at a weekend, is none.
 *
 * @param seen what came before
 */
export function createSunset(seen: readonly Seen[]): Sunset {
  const lasts = new Map<string, Record<Format, number>>();
  const lastsOf = (source: string): Record<Format, number> => {
    const known = lasts.get(source) ?? {
      legacy: Number.NEGATIVE_INFINITY,
      new: Number.NEGATIVE_INFINITY,
    };
    lasts.set(source, known);
    return known;
  };
  const advance = (last: Record<Format, number>, format: Format, at: number): void => {
    last[format] = Math.max(last[format], at);
  };
  for (const { source, format, lastAt } of seen) advance(lastsOf(source), format, lastAt);

  return (webhooks) => {
    const comebacks: Comeback[] = [];
    for (const { source, format, receivedAt: at } of webhooks) {
      const last = lastsOf(source);
      const lastAt = last.legacy;
      const hadEnded = Number.isFinite(lastAt) && at - lastAt >= GONE_AFTER && last.new > lastAt;
      if (format === 'legacy' && hadEnded) comebacks.push({ source, lastAt });
      advance(last, format, at);
    }
    return comebacks;
  };
}
