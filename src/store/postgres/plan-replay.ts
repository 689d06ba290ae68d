import { outcomeBeside } from '../replay-rules.js';
import type { AddedDelivery, NewDelivery } from '../rows.js';
import { dayOfId, idOf } from './ids.js';
import type { Made } from './new-deliveries.js';
import type { Standings } from './standings.js';

/** What is to be made, each in sight of those before it. @param numbers one for each, that nobody else has */
export function planReplay(
  batch: readonly NewDelivery[],
  standings: Standings,
  numbers: readonly number[],
  now: number,
): { readonly made: readonly Made[]; readonly outcomes: readonly AddedDelivery[] } {
  const made: Made[] = [];
  const outcomes = batch.map((wanted): AddedDelivery => {
    const { eventId, destination, mode } = wanted;
    const event = standings.event(eventId);
    if (!event) return { outcome: 'no_event' };
    const latest = standings.latest(wanted);
    const outcome = outcomeBeside(latest, wanted);
    if (latest !== undefined && outcome !== 'added') return { outcome, id: latest.id };
    const id = idOf(dayOfId(eventId), numbers[made.length] ?? 0);
    const { webhookId, size } = event;
    const whole = standings.isWhole(wanted);
    made.push({ id, eventId, webhookId, destination, mode, share: 100, whole, size, dueAt: now });
    standings.note(eventId, destination, { id, mode, state: 'pending' });
    return { outcome: 'added', id };
  });
  return { made, outcomes };
}
