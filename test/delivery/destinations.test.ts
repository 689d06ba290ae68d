import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Listener, legacyHandler, newHandler, startListener } from '../../src/cli/demo-listeners.js';
import type { DestinationConfig } from '../../src/config/config.js';
import type { DeliveryRow } from '../../src/store/rows.js';
import { type Handler, handlerOf, until } from './handler.js';
import { destinationAt, SECRET, Setup } from './setup.js';

let setup: Setup;
beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

/** A handler as the vendor's page has it: of the old format, or of the new one. */
async function listener(format: 'legacy' | 'new'): Promise<Listener> {
  const handler = format === 'legacy' ? legacyHandler(SECRET) : newHandler(SECRET);
  const started = await startListener('/webhook', handler);
  onTestFinished(() => started.close());
  return started;
}

/** A handler that answers so, or not at all. */
const answering = (status: number | null): Promise<Handler> =>
  handlerOf(setup, (response) => {
    if (status !== null) response.writeHead(status).end('no');
  });

const at = (name: string, url: string, more: Partial<DestinationConfig> = {}): DestinationConfig =>
  destinationAt(url, { name, ...more });

const file = (id: string, status = 'processed', batch = `bat_${id}`) =>
  `{"extractionId":"e", "batchId":"${batch}","fileId":"${id}","status":"${status}","result":{"n":1.0}}`;
const legacyOf = (...files: readonly string[]) =>
  `{ "result": ${JSON.stringify(`[${files.join(' , ')}]`)}, "sent": 1.0 }`;
const newOf = (event: string, ...files: readonly string[]) =>
  `{"event": "${event}", "result": [${files.join(', ')}]}`;

const rowsOf = async (destination: string): Promise<readonly DeliveryRow[]> =>
  (await setup.store.listDeliveries({ destination, limit: 1_000 })).toReversed();
const allSent = (): Promise<unknown> =>
  until(async () => (await setup.count('pending')) + (await setup.count('sending')) === 0);

describe('a destination in the legacy format', () => {
  it('gets what came as legacy to the byte, and what came as new converted: both signed for its listener', async () => {
    const old = await listener('legacy');
    const destinations = [at('old', old.url, { format: 'legacy', concurrency: 1 })];
    const came = legacyOf(file('a'));
    await setup.receive(destinations, came, newOf('extraction.confirmed', file('b')));
    setup.dispatch(...destinations);
    await allSent();
    expect(old.arrivals.map(({ body }) => body)).toEqual([
      came,
      JSON.stringify({ result: `[${file('b')}]` }),
    ]);
    expect(old.arrivals).toMatchObject([
      { verified: true, files: 1, answered: 200, webhookId: expect.stringMatching(/^evt_/) },
      { verified: true, files: 1, answered: 200 },
    ]);
  });

  it("is taken by the vendor's documented listener, unchanged", async () => {
    const script = fileURLToPath(new URL('../bench/documented-listener.mjs', import.meta.url));
    const env = { ...process.env, EXTRACTA_WEBHOOK_SECRET: SECRET };
    const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    const [line] = await once(child.stdout, 'data');
    const { url }: { url: string } = JSON.parse(String(line));
    const destinations = [at('old', `${url}/webhook`, { format: 'legacy' })];
    await setup.receive(destinations, legacyOf(file('a')), newOf('extraction.processed', file('b')));
    setup.dispatch(...destinations);
    await until(async () => (await setup.count('delivered')) === 2);
    for (const { id } of await rowsOf('old')) {
      expect((await setup.delivery(id)).attemptRows).toMatchObject([
        { status: 200, response: '{"message":"Webhook received"}' },
      ]);
    }
  });

  it('gets a webhook once, whole, where it is two events', async () => {
    const [old, next] = [await listener('legacy'), await listener('new')];
    const destinations = [at('old', old.url, { format: 'legacy' }), at('next', next.url)];
    const two = legacyOf(file('a'), file('b', 'failed'), file('c', 'done'));
    await setup.receive(destinations, two);
    setup.dispatch(...destinations);
    await allSent();
    expect(old.arrivals.map(({ body, files }) => [body, files])).toEqual([[two, 3]]);
    expect(next.arrivals.map(({ event, files }) => [event, files]).sort()).toEqual([
      ['extraction.failed', 1],
      ['extraction.processed', 2],
    ]);
  });

  it('gets all events of what waited for it, once it takes events', async () => {
    const two = legacyOf(file('a'), file('b', 'failed'), file('c', 'done'));
    await setup.receive(
      [at('billing', 'http://127.0.0.1:1/', { format: 'legacy' })],
      two,
      legacyOf(file('d')),
    );
    const next = await listener('new');
    setup.broken.add('splitDelivery');
    setup.dispatch(at('billing', next.url, { events: ['extraction.*'] }));
    // Not before the store has all of them.
    await until(async () => next.arrivals.length === 1);
    await until(async () => setup.failures > 0);
    expect(next.arrivals).toMatchObject([{ event: 'extraction.processed', files: 1 }]);
    setup.broken.clear();
    setup.time += 5_000;
    await allSent();
    expect(next.arrivals.map(({ event, files }) => [event, files]).sort()).toEqual([
      ['extraction.failed', 1],
      ['extraction.processed', 1],
      ['extraction.processed', 2],
    ]);
  });

  it('is not claimed for again and again while the store does not take the other events of one', async () => {
    const two = legacyOf(file('a'), file('b', 'failed'));
    await setup.receive([at('billing', 'http://127.0.0.1:1/', { format: 'legacy' })], two);
    const [row] = await rowsOf('billing');
    setup.broken.add('splitDelivery');
    setup.dispatch(at('billing', (await listener('new')).url));
    await until(() => setup.released() === 1);
    // It has looked for more since, and found none.
    await until(async () => (await setup.delivery(row?.id)).status === 'pending');
    const { claims } = setup;
    await until(() => setup.claims > claims + 2);
    expect(await setup.delivery(row?.id)).toMatchObject({ attempts: 0, dueAt: setup.time + 5_000 });
    expect([setup.failures, setup.released()]).toEqual([1, 1]);
    expect(setup.log.lines.filter((line) => line.includes('the store works again'))).toEqual([]);
    setup.broken.clear();
    setup.time += 5_000;
    await until(async () => (await setup.count('delivered')) === 2);
    expect(setup.log.lines.filter((line) => line.includes('the store works again'))).toHaveLength(1);
  });

  it('gets of the events of a webhook that waited for it only those that it takes', async () => {
    const two = legacyOf(file('a', 'failed'), file('b'), file('c', 'failed'));
    await setup.receive([at('billing', 'http://127.0.0.1:1/', { format: 'legacy' })], two);
    const next = await listener('new');
    setup.dispatch(at('billing', next.url, { events: ['extraction.failed'] }));
    await allSent();
    expect(next.arrivals.map(({ event, files }) => [event, files])).toEqual([['extraction.failed', 2]]);
  });

  it('gets of the events of a webhook that waited for it none that its `when` leaves out', async () => {
    const when = { properties: { result: { contains: { properties: { fileId: { const: 'a' } } } } } };
    const old = at('billing', 'http://127.0.0.1:1/', { format: 'legacy', when });
    await setup.receive(
      [old],
      legacyOf(file('a'), file('b', 'failed')),
      legacyOf(file('c'), file('a', 'failed')),
    );
    const next = await listener('new');
    setup.dispatch({ ...old, url: next.url, format: 'new' });
    await allSent();
    expect(next.arrivals.map(({ event }) => event).sort()).toEqual([
      'extraction.failed',
      'extraction.processed',
    ]);
  });

  it.each([
    ['four take', 6_000],
    ['one takes', 16_000],
  ])(
    'gets what waited for it where to look at its `when` for %s longer than a claim may wait to be sent, and counts as working',
    async (_, each) => {
      const when = { properties: { event: { const: 'extraction.processed' } } };
      const old = at('billing', 'http://127.0.0.1:1/', { format: 'legacy', when });
      const webhooks = Array.from({ length: 4 }, (_, n) => legacyOf(file(`a${n}`), file(`b${n}`, 'failed')));
      await setup.receive([old], ...webhooks);
      const next = await listener('new');
      const idle: number[] = [];
      setup.meeting = async () => {
        setup.time += each;
        idle.push(setup.time - dispatcher.lastMoved());
      };
      const dispatcher = setup.dispatch({ ...old, url: next.url, format: 'new' });
      await allSent();
      expect(next.arrivals.map(({ event }) => event)).toEqual(Array(4).fill('extraction.processed'));
      expect(new Set(idle)).toEqual(new Set([0]));
    },
  );

  it('gets of the events of a webhook none that the other one has with which it shares the batches', async () => {
    const shared = (format: 'legacy' | 'new', urls: readonly string[]) => [
      at('main', urls[0] ?? '', { format, share: 50, alternative: 'other' }),
      at('other', urls[1] ?? '', { format }),
    ];
    const webhooks = Array.from({ length: 12 }, (_, n) =>
      legacyOf(file(`a${n}`, 'done', `one_${n}`), file(`b${n}`, 'failed', `two_${n}`)),
    );
    await setup.receive(shared('legacy', ['http://127.0.0.1:1/', 'http://127.0.0.1:1/']), ...webhooks);
    const [main, other] = [await listener('new'), await listener('new')];
    setup.dispatch(...shared('new', [main.url, other.url]));
    await allSent();
    const arrived = [...main.arrivals, ...other.arrivals].map(({ webhookId }) => webhookId);
    expect(new Set(arrived).size).toBe(24);
    expect(arrived).toHaveLength(24);
    expect(main.arrivals.length * other.arrivals.length).toBeGreaterThan(0);
  });

  it('gets each file once where events waited for it, and it takes webhooks again', async () => {
    const two = legacyOf(file('a'), file('b', 'failed'));
    await setup.receive([at('billing', 'http://127.0.0.1:1/')], two, legacyOf(file('c')));
    const old = await listener('legacy');
    setup.dispatch(at('billing', old.url, { format: 'legacy', concurrency: 1 }));
    await allSent();
    expect(old.arrivals.map(({ files, verified }) => [files, verified])).toEqual(Array(3).fill([1, true]));
    expect(old.arrivals.at(-1)?.body).toBe(legacyOf(file('c')));
  });

  it('gets each file once where it took events for a while, of which none was delivered', async () => {
    const old = at('billing', 'http://127.0.0.1:1/', {
      format: 'legacy',
      retry: { attempts: 9, schedule: [0, 60_000], jitter: 0 },
    });
    await setup.receive([old], legacyOf(file('a'), file('b', 'failed')));
    const dispatcher = setup.dispatch({ ...old, format: 'new' });
    await until(async () => (await rowsOf('billing')).filter(({ attempts }) => attempts > 0).length === 2);
    const next = await listener('legacy');
    setup.time += 60_000;
    dispatcher.configure(setup.configOf({ ...old, url: next.url }));
    await allSent();
    expect(next.arrivals.map(({ files, verified }) => [files, verified])).toEqual(Array(2).fill([1, true]));
  });

  it('gets as an alternative that takes events all that those take that name it, whatever it takes itself', async () => {
    const main = at('main', 'http://127.0.0.1:1/', { share: 0, alternative: 'billing' });
    const picky = at('billing', 'http://127.0.0.1:1/', { format: 'legacy', events: ['never.sent'] });
    await setup.receive([main, picky], legacyOf(file('a'), file('b', 'failed')));
    const next = await listener('new');
    setup.dispatch(main, { ...picky, url: next.url, format: 'new' });
    await allSent();
    expect(next.arrivals.map(({ event }) => event).sort()).toEqual([
      'extraction.failed',
      'extraction.processed',
    ]);
  });

  it('gets what is new of it alone where the rest was delivered before, so that no file comes twice', async () => {
    const old = await listener('legacy');
    const destinations = [at('old', old.url, { format: 'legacy', concurrency: 1 })];
    const two = legacyOf(file('a'), file('b', 'failed'));
    await setup.receive(destinations, newOf('extraction.processed', file('a')), two, two);
    setup.dispatch(...destinations);
    await allSent();
    const results = [`[${file('a')}]`, `[${file('b', 'failed').replaceAll(' ', '')}]`];
    expect(old.arrivals.map(({ body }) => body)).toEqual(results.map((result) => JSON.stringify({ result })));
    expect(old.arrivals.every(({ verified }) => verified)).toBe(true);
  });
});

describe('a shadow', () => {
  it('gets each event once, and its failures are recorded and nothing else', async () => {
    const live = await listener('new');
    const shadow = await answering(500);
    const destinations = [at('live', live.url), at('next', shadow.url, { mode: 'shadow' })];
    await setup.receive(destinations, ...['a', 'b', 'c'].map((id) => legacyOf(file(id))));
    setup.dispatch(...destinations);
    await allSent();
    setup.time += 7 * 24 * 3_600_000;
    await setup.receive(destinations, legacyOf(file('later')));
    await allSent();
    const ids = shadow.arrived.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(live.arrivals.map(({ webhookId }) => webhookId).sort());
    expect(ids).toHaveLength(4);
    const rows = await rowsOf('next');
    expect(rows.map(({ mode, status, attempts }) => [mode, status, attempts])).toEqual(
      Array(4).fill(['shadow', 'missed', 1]),
    );
    expect((await setup.delivery(rows[0]?.id)).attemptRows).toEqual([
      {
        startedAt: expect.any(Number),
        duration: expect.any(Number),
        status: 500,
        error: '500 Internal Server Error',
        fault: 'destination',
        response: 'no',
        mode: 'shadow',
        share: 100,
      },
    ]);
    expect(await setup.count('dead')).toBe(0);
    expect(setup.log.lines.join('\n')).not.toContain('dead letter');
    expect(
      (await rowsOf('live')).every(({ status, mode }) => status === 'delivered' && mode === 'live'),
    ).toBe(true);
  });

  it('that does not answer delays no other', async () => {
    const live = await listener('new');
    const shadow = await answering(null);
    const destinations = [at('next', shadow.url, { mode: 'shadow' }), at('live', live.url)];
    await setup.receive(destinations, ...Array.from({ length: 50 }, (_, n) => legacyOf(file(`f${n}`))));
    setup.dispatch(...destinations);
    await until(async () => (await setup.count('delivered')) === 50);
    expect(live.arrivals).toHaveLength(50);
  });

  it('has one attempt for what it was to get while it was live; and what it was to get stays a shadow’s', async () => {
    const handler = await answering(500);
    const live = [at('next', handler.url)];
    const shadow = [at('next', handler.url, { mode: 'shadow' })];
    await setup.receive(live, legacyOf(file('a')));
    const first = setup.dispatch(...live);
    await until(async () => (await rowsOf('next'))[0]?.attempts === 1);
    await first.stop(1_000);
    setup.time += 5_000;
    const second = setup.dispatch(...shadow);
    await allSent();
    await second.stop(1_000);
    const [row] = await rowsOf('next');
    expect(row).toMatchObject({ mode: 'live', status: 'missed', attempts: 2 });
    expect((await setup.delivery(row?.id)).attemptRows.map(({ mode }) => mode)).toEqual(['live', 'shadow']);

    await setup.receive(shadow, legacyOf(file('b')));
    setup.dispatch(...live);
    await allSent();
    expect((await rowsOf('next'))[1]).toMatchObject({ mode: 'shadow', status: 'missed', attempts: 1 });
  });
});

describe('a paused destination', () => {
  it('gets nothing, and all of it in the order of arrival once it is live again', async () => {
    const broken = await answering(500);
    const retry = { attempts: 4, schedule: [0, 3_600_000], jitter: 0 };
    const before = [at('billing', broken.url, { retry })];
    await setup.receive(before, legacyOf(file('first')));
    setup.time += 1;
    await setup.receive(before, legacyOf(file('second')));
    const failing = setup.dispatch(...before);
    await until(async () => (await rowsOf('billing')).every(({ attempts }) => attempts === 1));
    await failing.stop(1_000);

    const handler = await listener('new');
    const paused = [at('billing', handler.url, { mode: 'paused' })];
    setup.broken.add('lineUp');
    const pause = setup.dispatch(...paused);
    await until(() => setup.failures > 1);
    setup.broken.clear();
    for (const id of ['third', 'fourth']) {
      setup.time += 60_000;
      await setup.receive(paused, legacyOf(file(id)));
      pause.wake();
    }
    await until(async () => (await rowsOf('billing')).every(({ dueAt, createdAt }) => dueAt === createdAt));
    expect(handler.arrivals).toEqual([]);
    expect(pause.lastMoved()).toBe(setup.time);
    await pause.stop(1_000);
    expect((await rowsOf('billing')).map(({ status, mode }) => [status, mode])).toEqual(
      Array(4).fill(['pending', 'live']),
    );

    setup.dispatch(at('billing', handler.url, { concurrency: 1 }));
    await allSent();
    expect(handler.arrivals.map(({ body }) => JSON.parse(body).result[0].fileId)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
    ]);
    expect(handler.arrivals.map(({ attempt }) => attempt)).toEqual(['2', '2', '1', '1']);
  });
});

describe('a share', () => {
  const batches = Array.from({ length: 40 }, (_, index) => `bat_${index}`);
  const idsOf = (arrivals: Listener['arrivals']): readonly string[] =>
    arrivals.map(({ webhookId }) => webhookId ?? '');
  const batchesOf = (arrivals: Listener['arrivals']): readonly string[] => {
    const resultOf = (body: string) => JSON.parse(body).result;
    const filesOf = (result: unknown) => (typeof result === 'string' ? JSON.parse(result) : result);
    return [...new Set(arrivals.map(({ body }): string => filesOf(resultOf(body))[0].batchId))].sort();
  };

  it('keeps each batch with one handler, and the alternative gets the rest in its own format', async () => {
    const [next, old] = [await listener('new'), await listener('legacy')];
    const split = (share: number) => [
      at('next', next.url, { share, alternative: 'old' }),
      at('old', old.url, { format: 'legacy' }),
    ];
    const webhooksOf = (round: string) =>
      batches.map((batch) => legacyOf(file(`${round}-${batch}`, 'done', batch)));
    await setup.receive(split(30), ...webhooksOf('a'));
    await setup.receive(
      split(30),
      ...batches.map((batch) => newOf('extraction.confirmed', file(`b-${batch}`, 'processed', batch))),
    );
    setup.dispatch(...split(30));
    await allSent();
    const [taken, rest] = [batchesOf(next.arrivals), batchesOf(old.arrivals)];
    expect(taken.length).toBeGreaterThan(0);
    expect([...taken, ...rest].sort()).toEqual(batches.toSorted());
    const all = [...idsOf(next.arrivals), ...idsOf(old.arrivals)];
    expect(all).toHaveLength(80);
    expect(new Set(all).size).toBe(80);
    expect([...next.arrivals, ...old.arrivals].every(({ verified }) => verified)).toBe(true);
    for (const [name, share] of [
      ['next', 30],
      ['old', 70],
    ] as const) {
      const [row] = await rowsOf(name);
      expect(row).toMatchObject({ share, mode: 'live' });
      expect((await setup.delivery(row?.id)).attemptRows).toMatchObject([{ share, mode: 'live' }]);
    }

    // A larger share only takes batches over.
    const already = next.arrivals.length;
    await setup.receive(split(60), ...webhooksOf('c'));
    await allSent();
    const larger = batchesOf(next.arrivals.slice(already));
    expect(larger).toEqual(expect.arrayContaining([...taken]));
    expect(larger.length).toBeGreaterThan(taken.length);
  });
});
