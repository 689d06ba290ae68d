import { eventsOfWebhook, type Listing, type Page } from '../migration/replayable.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';

/** The oldest first. */
export async function* namedPage(
  named: readonly (number | string)[],
  store: Pick<Store, 'getEvent'>,
  missing: (ref: number | string) => void,
): AsyncGenerator<Page> {
  const events = new Map<number, ReplayableEvent>();
  for (const ref of named) {
    const found = await store.getEvent(ref);
    if (found === null) {
      missing(ref);
      continue;
    }
    const {
      body: _body,
      webhook: _webhook,
      deliveryRows,
      files: _files,
      deliveries: _counts,
      ...event
    } = found;
    // The newest come first.
    const latest = new Map([...deliveryRows].reverse().map((row) => [row.destination, row]));
    events.set(event.id, { ...event, latest: [...latest.values()] });
  }
  yield [...events.values()].sort((a, b) => a.receivedAt - b.receivedAt || a.id - b.id);
}

/** The same events by webhook: all that there are of each, once, where the first of them stood. */
export async function* byWebhook(
  pages: AsyncIterable<Page>,
  store: Listing,
  complete: (events: Page) => Page,
): AsyncGenerator<Page> {
  // Of several events: they are few.
  const seen = new Set<number>();
  for await (const page of pages) {
    const events: ReplayableEvent[] = [];
    for (const event of page) {
      if (seen.has(event.webhookId)) continue;
      const siblings = event.format === 'legacy' ? await eventsOfWebhook(store, event) : [event];
      if (siblings.length > 1) seen.add(event.webhookId);
      events.push(...complete(siblings));
    }
    yield events;
  }
}
