import type { LastSeen } from '../store/rows.js';

/**
 * `in_use`: it verified a webhook lately. `idle`: not for a week, while another secret of the source did, so that it can
 * be retired. `quiet`: not for a week, and neither did another. `never_used`: never. `not_configured`: a secret that stood
 * in this place of the list, which is shorter now.
 */
type SecretState = 'in_use' | 'idle' | 'quiet' | 'never_used' | 'not_configured';

export interface SecretUse {
  readonly source: string;
  /** From 0, as in the configuration. */
  readonly secretIndex: number;
  readonly state: SecretState;
  /** In ms; null: never. */
  readonly lastAt: number | null;
}

/** Milliseconds. */
const IDLE_AFTER = 7 * 86_400_000;

/** Which secrets are in use, of every configured source. All that is known of a secret is its place in the list. */
export function secretsInUse(
  sources: readonly { readonly name: string; readonly secrets: readonly unknown[] }[],
  lastSeen: readonly LastSeen[],
  now: number,
): readonly SecretUse[] {
  return sources.flatMap(({ name: source, secrets }) => {
    const lasts = new Map<number, number>();
    for (const row of lastSeen) {
      if (row.source !== source) continue;
      lasts.set(row.secretIndex, Math.max(row.lastAt, lasts.get(row.secretIndex) ?? row.lastAt));
    }
    const isRecent = (at: number): boolean => now - at < IDLE_AFTER;
    const anyRecent = secrets.some((_, index) => isRecent(lasts.get(index) ?? Number.NEGATIVE_INFINITY));
    const stateOf = (index: number, lastAt: number | null): SecretState => {
      if (index >= secrets.length) return 'not_configured';
      if (lastAt === null) return 'never_used';
      if (isRecent(lastAt)) return 'in_use';
      return anyRecent ? 'idle' : 'quiet';
    };
    const places = new Set([...secrets.keys(), ...lasts.keys()]);
    return [...places]
      .sort((a, b) => a - b)
      .map((secretIndex): SecretUse => {
        const lastAt = lasts.get(secretIndex) ?? null;
        return { source, secretIndex, state: stateOf(secretIndex, lastAt), lastAt };
      });
  });
}
