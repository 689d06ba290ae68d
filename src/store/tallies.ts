import type { NewWebhook } from '../model.js';
import type { LastSeen } from './rows.js';

type Tally = { -readonly [Key in keyof LastSeen]: LastSeen[Key] };

/** What a batch adds to `lastSeen`, each combination once. Searched from the start: there are a few at the most. */
export function tallies(batch: readonly NewWebhook[]): LastSeen[] {
  const found: Tally[] = [];
  for (const { source, format, secretIndex, receivedAt } of batch) {
    const known = found.find(
      (tally) => tally.source === source && tally.format === format && tally.secretIndex === secretIndex,
    );
    if (known === undefined) {
      found.push({ source, format, secretIndex, firstAt: receivedAt, lastAt: receivedAt, count: 1 });
      continue;
    }
    known.firstAt = Math.min(known.firstAt, receivedAt);
    known.lastAt = Math.max(known.lastAt, receivedAt);
    known.count++;
  }
  return found;
}
