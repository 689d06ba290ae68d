import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import {
  accept,
  claim,
  claimWebhooks,
  dead,
  delivered,
  event,
  file,
  HOUR,
  missed,
  only,
  putOne,
  quarantined,
  retry,
  routeTo,
  T0,
  unique,
} from '../samples.js';

export const URL = 'sqlite:data/shim.db';
const DAY = 24 * HOUR;

/** What the tests look for by name. */
export const MESSAGE = {
  yesterday: 'evt_yesterday',
  retried: 'evt_retried',
  sending: 'evt_sending',
} as const;

const REFUSED = {
  receivedAt: T0,
  reason: 'wrong_signature',
  address: '203.0.113.9',
  path: '/webhook',
  size: 15,
  wellFormed: true,
  request: { body: '{"result":"[]"}', signature: 'forged' },
} as const;

/** The file of the event that came a day ago. */
export const FILE = file('fil_1', 'first');

/** What a service leaves behind after two days: a webhook, event and delivery in each state that there is. */
export async function fillInstallation(store: Store): Promise<void> {
  await accept(
    store,
    [event({ messageId: MESSAGE.yesterday, files: [FILE], body: '{"a":"\u0000\u0010"}' })],
    {
      now: T0 - DAY,
    },
  );
  await store.settle([delivered(only(await claim(store, T0 - DAY)))]);
  await accept(store, [event({ files: [FILE] })], { webhook: { format: 'new', secretIndex: 1 } });

  await accept(store, [
    event({ destinations: ['dead', routeTo('shadow', { mode: 'shadow', share: 12.5 })] }),
  ]);
  await store.settle([dead(only(await claim(store, T0, 'dead')))]);
  await store.settle([missed(only(await claim(store, T0, 'shadow')))]);
  await accept(store, [event({ messageId: MESSAGE.retried, destinations: ['later'] })]);
  await store.settle([retry(only(await claim(store, T0, 'later')), T0 + HOUR)]);
  await accept(store, [event({ messageId: MESSAGE.sending, destinations: ['busy'] })]);
  await claim(store, T0, 'busy');
  await accept(store, [event({ destinations: [routeTo('billing', { delay: 0.4 })] })]);

  await store.setOrder('lines', 'file');
  for (const key of ['a', 'a', 'b']) {
    await accept(store, [event({ messageId: `evt_${unique(`line_${key}`)}`, destinations: ['lines'] })]);
    const [unkeyed] = await store.listUnkeyed({ destination: 'lines', limit: 1 });
    const deliveries = [{ deliveryId: unkeyed?.id ?? 0, keys: [key] }];
    await store.keyDeliveries({ destination: 'lines', by: 'file', deliveries });
  }
  const head = only(await claim(store, T0, 'lines', 1));
  await store.settle([dead(head)]);
  await accept(store, [event({ destinations: ['lines'] })]);
  const broken = await putOne(store, { body: '{"result":"{"}' });
  const given = await putOne(store, { body: '{"result":"[]"}' });
  await claimWebhooks(store);
  await store.saveConversions([quarantined(broken), quarantined(given, 'no_files')], T0);
  await store.discardQuarantined([given], 'nothing is missing', T0 + 1);
  await putOne(store, { body: `{"result":"${'x'.repeat(20_000)}"}` });
  await store.pauseDestination({ destination: 'paused', reason: 'operator', note: 'for now', now: T0 });
  await store.openBreaker({ destination: 'down', until: T0 + HOUR / 2, reason: '500 ten times' });
  await store.recordRefused([
    {
      source: 'extracta',
      keep: 10,
      counts: [{ day: T0 - (T0 % DAY), reason: 'wrong_signature', count: 3 }],
      samples: [REFUSED, { ...REFUSED, wellFormed: null, request: null }],
    },
  ]);
  await store.recordFields([
    {
      source: 'extracta',
      extractionId: 'OXsMc1pD',
      firstAt: T0,
      lastAt: T0,
      count: 3,
      fields: [{ path: 'total', firstAt: T0, lastAt: T0, count: 2 }],
    },
  ]);
}

/** A file with all of that, which nobody serves. */
export async function installation(cwd: string): Promise<void> {
  const store = await openStore(URL, { mode: 'own', cwd });
  await fillInstallation(store);
  await store.close();
}
