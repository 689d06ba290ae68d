import { createHash } from 'node:crypto';
import type {
  Attempt,
  ClaimedDelivery,
  Conversion,
  ConvertedEvent,
  FileIdentity,
  NewWebhook,
  QuarantineReason,
  Route,
  Settlement,
  StoredWebhook,
  Verified,
} from '../../src/model.js';
import type { Store } from '../../src/store/store.js';

/** The clock of these tests. */
export const T0 = Date.UTC(2026, 0, 2, 3, 4, 5);
export const LEASE = 60_000;
export const HOUR = 3_600_000;

export const webhook = (overrides: Partial<NewWebhook> = {}): Verified<NewWebhook> =>
  ({
    source: 'extracta',
    format: 'legacy',
    receivedAt: T0,
    body: '{"result":"[]"}',
    signature: 'c2lnbmF0dXJl',
    secretIndex: 0,
    ...overrides,
  }) as Verified<NewWebhook>;

export const webhooks = (count: number, overrides: Partial<NewWebhook> = {}) =>
  Array.from({ length: count }, (_, index) =>
    webhook({ body: `{"result":"[${index}]"}`, receivedAt: T0 + index, ...overrides }),
  );

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/** @param name the file. @param content what is in it. */
export const file = (name: string, content = 'content'): FileIdentity => ({
  subject: new Uint8Array(sha256(name).subarray(0, 16)),
  digest: new Uint8Array(sha256(content)),
});

let serial = 0;
/** A name that nothing else in this process has. */
export const unique = (prefix: string): string => {
  serial += 1;
  return `${prefix}-${serial}`;
};

export const routeTo = (destination: string, overrides: Partial<Route> = {}): Route => ({
  destination,
  mode: 'live',
  share: 100,
  oncePerWebhook: false,
  delay: 0,
  ...overrides,
});

/** @param overrides.destinations a name alone is one that is live. */
export const event = ({
  destinations = ['billing'],
  ...overrides
}: Omit<Partial<ConvertedEvent>, 'destinations'> & {
  readonly destinations?: readonly (string | Route)[];
} = {}): ConvertedEvent => ({
  event: 'extraction.processed',
  messageId: `evt_${sha256(unique('message')).subarray(0, 18).toString('base64url')}`,
  body: null,
  plain: true,
  files: [file(unique('file'))],
  destinations: destinations.map((each) => (typeof each === 'string' ? routeTo(each) : each)),
  ...overrides,
});

export const converted = (
  webhookId: number,
  events: readonly ConvertedEvent[] = [event()],
  duplicatesSince: number | null = T0 - 24 * HOUR,
): Conversion => ({ outcome: 'converted', webhookId, events, duplicatesSince });

export const quarantined = (
  webhookId: number,
  reason: QuarantineReason = 'schema_violation',
  errors: readonly string[] = ['/result/0/status: must be a string'],
): Conversion => ({ outcome: 'quarantined', webhookId, reason, errors });

const attempt = (overrides: Partial<Attempt> = {}): Attempt => ({
  startedAt: T0 + 10,
  duration: 25,
  status: 200,
  error: null,
  fault: null,
  response: '{"message":"Webhook received"}',
  mode: 'live',
  share: 100,
  ...overrides,
});

export const failure = (overrides: Partial<Attempt> = {}): Attempt =>
  attempt({ status: 500, error: 'answered 500', fault: 'destination', response: 'no', ...overrides });

type Fenced = Pick<ClaimedDelivery, 'id' | 'fence'>;
export const delivered = ({ id, fence }: Fenced, overrides: Partial<Attempt> = {}): Settlement => ({
  deliveryId: id,
  fence,
  outcome: 'delivered',
  attempt: attempt(overrides),
});
export const retry = (
  { id, fence }: Fenced,
  dueAt: number,
  overrides: Partial<Attempt> = {},
): Settlement => ({
  deliveryId: id,
  fence,
  outcome: 'retry',
  attempt: failure(overrides),
  dueAt,
});
export const dead = (
  { id, fence }: Fenced,
  reason = 'used up its 3 attempts',
  overrides: Partial<Attempt> = {},
): Settlement => ({
  deliveryId: id,
  fence,
  outcome: 'dead',
  attempt: failure(overrides),
  reason,
});
export const missed = ({ id, fence }: Fenced): Settlement => ({
  deliveryId: id,
  fence,
  outcome: 'missed',
  attempt: failure({ mode: 'shadow' }),
});
export const released = ({ id, fence }: Fenced, dueAt?: number): Settlement => ({
  deliveryId: id,
  fence,
  outcome: 'released',
  ...(dueAt === undefined ? {} : { dueAt }),
});

/** The one element of a list, and the proof that it is the only one. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1)
    throw new Error(`one element was expected, not ${list.length}`);
  return first;
}

export const putOne = async (store: Store, overrides: Partial<NewWebhook> = {}): Promise<number> =>
  only(await store.putWebhooks([webhook(overrides)]));

/** Stores a webhook and converts it. @returns the saved event. */
export async function accept(
  store: Store,
  events: readonly ConvertedEvent[] = [event()],
  at: { readonly now?: number; readonly since?: number | null; readonly webhook?: Partial<NewWebhook> } = {},
) {
  const { now = T0, since = now - 24 * HOUR } = at;
  const id = await putOne(store, { receivedAt: now, ...at.webhook });
  const saved = only(await store.saveConversions([converted(id, events, since)], now));
  return { webhookId: id, applied: saved.applied, events: saved.events };
}

export const claimWebhooks = (store: Store, now = T0, limit = 100): Promise<readonly StoredWebhook[]> =>
  store.claimWebhooks({ limit, now, lease: LEASE });

export const claim = (store: Store, now = T0, destination = 'billing', limit = 100) =>
  store.claimDeliveries({ destination, limit, now, lease: LEASE });

export const ids = (rows: readonly { readonly id: number }[]): readonly number[] => rows.map((row) => row.id);
