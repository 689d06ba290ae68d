import type { Conversion, ConvertedEvent, Format, Route } from '../../model.js';
import { Bases } from '../bases.js';
import { errorsText } from '../bounds.js';
import { filesOf, isWhole, makesDelivery, standsForWebhook } from '../conversion-rules.js';
import type { SavedConversion } from '../rows.js';
import type { Database, Statement, Value } from './driver.js';
import { LateIndex } from './late-index.js';
import type { LatestAccepted } from './latest-accepted.js';
import type { Lines } from './lines.js';
import type { Sightings } from './sightings.js';
import { Insert, optionalText, text } from './values.js';

type Waiting = readonly [webhookId: number, format: Format, receivedAt: number];

const DELIVERY_COLUMNS = ['event_id', 'destination', 'mode', 'share', 'whole', 'due_at', 'created_at'];

/** Events, with what follows from them, or quarantine. */
export class Conversions {
  readonly #leaveInbox: Statement<Waiting>;
  readonly #returnToInbox: Statement<never>;
  readonly #inQuarantine: Statement<Waiting>;
  readonly #leaveQuarantine: Statement<never>;
  readonly #quarantine: Statement<never>;
  readonly #lastEvent: Statement<{ seq: number }>;
  readonly #insertEvents: Insert;
  readonly #insertDeliveries: Insert;
  readonly #byMessage: LateIndex;

  constructor(
    db: Database,
    private readonly sightings: Sightings,
    private readonly lines: Lines,
    private readonly latest: Pick<LatestAccepted, 'find'>,
  ) {
    const these = 'webhook_id IN (SELECT value FROM json_each(?))';
    this.#leaveInbox = db.prepareTuples(
      `DELETE FROM inbox WHERE ${these} RETURNING webhook_id, format, received_at`,
    );
    this.#returnToInbox = db.prepare('INSERT INTO inbox VALUES (?, ?, ?)');
    this.#inQuarantine = db.prepareTuples(
      `SELECT webhook_id, format, received_at FROM quarantine CROSS JOIN webhooks ON id = webhook_id
        WHERE state = 'quarantined' AND ${these}`,
    );
    this.#leaveQuarantine = db.prepare('DELETE FROM quarantine WHERE webhook_id = ?');
    this.#quarantine = db.prepare(
      `INSERT INTO quarantine (webhook_id, state, reason, errors, changed_at) VALUES (?, 'quarantined', ?, ?, ?)
       ON CONFLICT (webhook_id) DO UPDATE
         SET reason = excluded.reason, errors = excluded.errors, changed_at = excluded.changed_at`,
    );
    this.#lastEvent = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
    this.#insertEvents = new Insert(db, 'events', [
      'id',
      'webhook_id',
      'received_at',
      'event',
      'message_id',
      'plain',
      'files',
      'duplicate_of',
      'body',
    ]);
    this.#insertDeliveries = new Insert(db, 'deliveries', DELIVERY_COLUMNS);
    this.#byMessage = new LateIndex(
      db,
      'events_by_message',
      `INSERT OR IGNORE INTO events_by_message
       SELECT substr(message_id, -8), id FROM events WHERE id > ?1 AND id <= ?2 ORDER BY 1, 2`,
    );
  }

  save(batch: readonly Conversion[], now: number): readonly SavedConversion[] {
    const { waiting, quarantined } = this.#take(batch.map((conversion) => conversion.webhookId));
    this.sightings.look(batch.flatMap(filesOf));
    const bases = new Bases(batch);
    const asked = bases.files;
    if (asked.length > 0) bases.know(this.latest.find(asked));
    const write = new Writing(this.sightings, this.#lastEvent.get()?.seq ?? 0, now);
    const saved = batch.map((conversion): SavedConversion => {
      const { webhookId } = conversion;
      const webhook = waiting.get(webhookId);
      if (!webhook) return { webhookId, applied: false, events: [] };
      waiting.delete(webhookId);
      if (!bases.hold(conversion)) {
        if (!quarantined.has(webhookId)) this.#returnToInbox.run(...webhook);
        return { webhookId, applied: false, stale: true, events: [] };
      }
      if (conversion.outcome === 'quarantined') {
        this.#quarantine.run(webhookId, conversion.reason, errorsText(conversion.errors), now);
        return { webhookId, applied: true, events: [] };
      }
      if (quarantined.has(webhookId)) this.#leaveQuarantine.run(webhookId);
      const events = write.webhook(webhook, conversion.events, conversion.duplicatesSince);
      bases.saved(conversion, events);
      return { webhookId, applied: true, events };
    });
    this.#insertEvents.run(write.events);
    const last = this.#insertDeliveries.run(write.deliveries);
    // One transaction writes at a time, so that the ids are in a row.
    if (last > 0) this.lines.enrollAfter(last - write.deliveries.length / DELIVERY_COLUMNS.length);
    this.sightings.write();
    this.#byMessage.extendWhenDue(write.lastEvent);
    return saved;
  }

  /** Takes the webhooks out of the inbox, and tells which of them may be converted now. */
  #take(ids: readonly number[]) {
    const asked = JSON.stringify(ids);
    const received = this.#leaveInbox.all(asked);
    const quarantined = received.length === ids.length ? [] : this.#inQuarantine.all(asked);
    return {
      waiting: new Map([...received, ...quarantined].map((row) => [row[0], row])),
      quarantined: new Set(quarantined.map(([id]) => id)),
    };
  }
}

/** Gathers the rows of one batch, so that they can be inserted together. */
class Writing {
  readonly events: Value[] = [];
  readonly deliveries: Value[] = [];
  /** Destinations that have the webhook whose events are written now. */
  readonly #reached = new Set<string>();

  constructor(
    private readonly sightings: Sightings,
    public lastEvent: number,
    private readonly now: number,
  ) {}

  webhook(
    webhook: Waiting,
    events: readonly ConvertedEvent[],
    duplicatesSince: number | null,
  ): SavedConversion['events'] {
    this.#reached.clear();
    const written = events.map((event) => this.#event(webhook, event, duplicatesSince));
    const isNew = isWhole(written);
    return written.map((row, index) => {
      const routes = row.duplicateOf === null ? (events[index]?.destinations ?? []) : [];
      return { ...row, deliveries: this.#deliver(row.id, routes, isNew, events.length) };
    });
  }

  #event(
    [webhookId, format, receivedAt]: Waiting,
    event: ConvertedEvent,
    duplicatesSince: number | null,
  ): Omit<SavedConversion['events'][number], 'deliveries'> {
    this.lastEvent += 1;
    const id = this.lastEvent;
    const duplicateOf =
      duplicatesSince === null ? null : this.sightings.repeats(event.files, duplicatesSince);
    this.events.push(
      id,
      webhookId,
      receivedAt,
      text(event.event),
      text(event.messageId),
      event.plain ? 1 : 0,
      event.files.length,
      duplicateOf,
      optionalText(event.body),
    );
    const accepted = duplicateOf === null;
    this.sightings.add(event.files, { eventId: id, at: this.now, format, accepted });
    return { id, messageId: event.messageId, duplicateOf };
  }

  /** @returns how many deliveries it makes. */
  #deliver(eventId: number, routes: readonly Route[], isNew: boolean, events: number): number {
    let count = 0;
    for (const route of routes) {
      if (!makesDelivery(route, isNew, this.#reached)) continue;
      const whole = standsForWebhook(route, isNew, events);
      const { destination, mode, share, delay } = route;
      this.deliveries.push(eventId, destination, mode, share, whole ? 1 : 0, this.now + delay, this.now);
      count += 1;
    }
    return count;
  }
}
