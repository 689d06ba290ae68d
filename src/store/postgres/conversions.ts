import type { Conversion } from '../../model.js';
import { Bases, basisOf } from '../bases.js';
import { errorsText } from '../bounds.js';
import { filesOf } from '../conversion-rules.js';
import type { SavedConversion } from '../rows.js';
import { int8s, texts } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import type { Days } from './days.js';
import { dayOfTime } from './ids.js';
import { findLatest } from './latest-accepted.js';
import { Sightings } from './sightings.js';
import { leave, take, type Waiting } from './take.js';
import { Writing } from './writing.js';

/** Only what waits for conversion is in the inbox, only what is in quarantine can be put there again: see `take`. */
const QUARANTINE: Statement<never> = {
  name: 'insert_quarantine',
  text: `INSERT INTO quarantine (webhook_id, source, format, received_at, size, state, reason, errors, changed_at)
         SELECT webhook_id, source, format, received_at, size, 'quarantined', reason, errors, $8::bigint
           FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
             AS given (webhook_id, source, format, received_at, size, reason, errors)`,
};

type Refused = Waiting & { readonly reason: string; readonly errors: readonly string[] };

/** Events, with what follows from them, or quarantine: two trips to the server for a batch. */
export class Conversions {
  constructor(
    private readonly db: Database,
    private readonly days: Days,
  ) {}

  async save(batch: readonly Conversion[], now: number): Promise<readonly SavedConversion[]> {
    if (batch.length === 0) return [];
    // Events and deliveries have their webhook's day, of which there is a partition; sightings have today.
    const days = batch.some((conversion) => filesOf(conversion).length > 0) ? [dayOfTime(now)] : [];
    return this.days.with(days, () => this.db.transaction((session) => save(session, batch, now)));
  }
}

async function save(
  session: Session,
  batch: readonly Conversion[],
  now: number,
): Promise<readonly SavedConversion[]> {
  const since = batch.flatMap((one) =>
    one.outcome === 'converted' && one.duplicatesSince !== null ? [one.duplicatesSince] : [],
  );
  const looked = Sightings.look(
    session,
    batch.flatMap(filesOf),
    since.length === 0 ? null : Math.min(...since),
    now,
    // One subject of each file stands for all.
    batch.flatMap(basisOf).flatMap(({ subjects }) => subjects.slice(0, 1)),
  );
  const bases = new Bases(batch);
  const asked = bases.files;
  const inferred = asked.length > 0;
  const latest = findLatest(session, asked);
  const [sightings, known, taken] = await Promise.all([looked, latest, take(session, batch, inferred)]);
  bases.know(known);
  const write = new Writing(sightings, taken, now);
  const refused: Refused[] = [];
  const saved = batch.map((conversion): SavedConversion => {
    const { webhookId } = conversion;
    const webhook = taken.waiting.get(webhookId);
    if (!webhook) return { webhookId, applied: false, events: [] };
    taken.waiting.delete(webhookId);
    if (!bases.hold(conversion)) return { webhookId, applied: false, stale: true, events: [] };
    if (conversion.outcome === 'quarantined') {
      refused.push({ ...webhook, reason: conversion.reason, errors: conversion.errors });
      return { webhookId, applied: true, events: [] };
    }
    const events = write.webhook(webhook, conversion);
    bases.saved(conversion, events);
    return { webhookId, applied: true, events };
  });
  if (inferred) {
    leave(
      session,
      saved.filter(({ applied }) => applied).map(({ webhookId }) => webhookId),
    );
  }
  write.send(session);
  sightings.write(session);
  quarantine(session, refused, now);
  return saved;
}

function quarantine(session: Session, refused: readonly Refused[], now: number): void {
  if (refused.length === 0) return;
  session.send(
    QUARANTINE,
    int8s(refused.map(({ webhookId }) => webhookId)),
    texts(refused.map(({ source }) => source)),
    texts(refused.map(({ format }) => format)),
    int8s(refused.map(({ receivedAt }) => receivedAt)),
    int8s(refused.map(({ size }) => size)),
    texts(refused.map(({ reason }) => reason)),
    texts(refused.map(({ errors }) => errorsText(errors))),
    now,
  );
}
