import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { readBody, startServer } from '../delivery/servers.js';
import { documentedSignature } from '../support/listener.js';
import { startBuiltWork } from '../support/work.js';
import {
  configText,
  ENDLESS,
  ENDLESS_CONTRACT,
  endlessFile,
  file,
  legacy,
  MINUTE,
  NOW,
  Place,
  SECRET,
  until,
} from './support.js';

const twoConfig = (urls: readonly [string, string], source = ''): string => `
store: { url: "sqlite:data/shim.db" }
log: { level: silent }
sources:
  - name: extracta
    path: /webhook
    secrets: [${SECRET}]
    ${source}
destinations:
  - name: billing
    url: ${urls[0]}
    retry: { schedule: [0s], attempts: 1 }
  - name: old
    url: ${urls[1]}
    events: [never.sent]
    format: legacy
`;
const twoDestinations = (source = '') =>
  twoConfig(['http://127.0.0.1:5000/', 'http://127.0.0.1:5001/'], source);

const numbered = (number: number, more: Readonly<Record<string, unknown>> = {}) => ({
  body: legacy([file({ fileId: `fil_${number}`, ...more })]),
  receivedAt: NOW - (20 - number) * MINUTE,
});

const deliveriesOf = async (place: Place) => {
  const document = JSON.parse((await place.run('deliveries list --json')).stdout);
  return (document.deliveries as { id: number; eventId: number; destination: string; replayed: boolean }[])
    .map(({ id, eventId, destination, replayed }) => ({ id, eventId, destination, replayed }))
    .filter(({ replayed }) => replayed)
    .sort((a, b) => a.id - b.id)
    .map(({ eventId, destination }) => `${eventId} ${destination}`);
};

describe('replay of events', () => {
  it('makes a new delivery to where each went, and leaves the old ones as they are', async () => {
    const place = await Place.create();
    const [saved] = await place.receive(numbered(1), numbered(2));
    await place.attempt({}, 'delivered');
    const { status, stdout } = await place.run(`replay 2 ${saved?.events[0]?.messageId}`);
    expect(status).toBe(0);
    expect(stdout).toBe(
      'event 1 extraction.processed to billing: delivery 3\n' +
        'event 2 extraction.processed to billing: delivery 4\n' +
        '2 deliveries made.\n' +
        'They are sent while the service runs. Follow them: SHIM_CONFIG=shim.yaml webhook-shim deliveries list\n',
    );
    const list = (await place.run('deliveries list')).stdout;
    expect(list).toMatch(/^4 .* pending +0 +2026-03-01T12:00:00Z +yes +-$/m);
    expect(list).toMatch(/^1 .* delivered +1 +- +- +HTTP 200$/m);
    expect((await place.run('deliveries show 3')).stdout).toMatch(
      /^created +2026-03-01T12:00:00Z \(a replay\)$/m,
    );
  });

  it('makes none where one waits, and says so', async () => {
    const place = await Place.create();
    await place.receive({});
    const { status, stdout } = await place.run('replay 1');
    expect(status).toBe(0);
    expect(stdout).toBe(
      'event 1 extraction.processed to billing: not made: one waits already, delivery 1\n' +
        '0 deliveries made, 1 not needed.\n',
    );
  });

  it('goes to another destination where one is named, whatever the routing', async () => {
    const place = await Place.create(twoDestinations());
    await place.receive({});
    expect((await place.run('replay 1 --to old')).stdout).toContain(
      'event 1 extraction.processed to old: delivery 2\n',
    );
    expect(await deliveriesOf(place)).toEqual(['1 old']);
  });

  it('says which cannot be replayed, does the others, and exits 1', async () => {
    const place = await Place.create();
    await place.receive({}, {});
    await place.attempt({}, 'delivered');
    const { status, stdout, stderr } = await place.run('replay 9 2 1');
    expect(status).toBe(1);
    expect(stderr).toBe('there is no event 9\n');
    expect(stdout).toContain(
      'event 2 extraction.processed: not made: it repeats event 1, replay that one, or say --to\n',
    );
    expect(stdout).toContain('event 1 extraction.processed to billing: delivery 2\n');
    expect(stdout).toContain('1 delivery made, 2 not possible.\n');
  });

  it('needs a destination where the one that it went to is gone', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({}, 'delivered');
    await place.write('shim.yaml', configText().replace('name: billing', 'name: new'));
    const { status, stdout } = await place.run('replay 1');
    expect(status).toBe(1);
    expect(stdout).toContain(
      'to billing: not made: the configuration has no such destination any more; say --to',
    );
    expect((await place.run('replay 1 --to new')).status).toBe(0);
  });

  it.each([
    ['replay', 'say which ones: events, or --status dead, or --since TIME'],
    ['replay --until 1h', 'say which ones'],
    ['replay 1 --since 1h', 'name events, or choose them by --status and --since, not both'],
    ['replay 1 --to biling', '--to biling is the name of no configured destination; did you mean "billing"?'],
    ['replay one', 'It must be a number, or a webhook-id'],
    ['replay --status delivered', 'Allowed choices are dead'],
    ['replay --since yesterday', '--since yesterday is no time'],
  ])('%s is wrong usage', async (args, message) => {
    const place = await Place.create();
    await place.receive({});
    const { status, stderr } = await place.run(args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('replay of what a handler in the old format got, where a webhook became two events', () => {
  const config = (formats: readonly ['new' | 'legacy', 'new' | 'legacy']): string => `
store: { url: "sqlite:data/shim.db" }
sources: [{ name: extracta, path: /webhook, secrets: [${SECRET}] }]
destinations:
  - { name: billing, url: "http://127.0.0.1:5000/", format: ${formats[0]} }
  - { name: next, url: "http://127.0.0.1:5001/", events: [extraction.failed], format: ${formats[1]} }
`;
  const mixed = (number: number) => ({
    ...numbered(number),
    body: legacy([file({ fileId: `fil_${number}` }), file({ fileId: `bad_${number}`, status: 'failed' })]),
  });

  it('brings each of them to a handler of events, from a period or from dead letters', async () => {
    for (const [outcome, chosen] of [
      ['delivered', '--since 1h'],
      ['delivered', '--since 1h --from billing'],
      ['dead', '--status dead'],
    ] as const) {
      const place = await Place.create(config(['legacy', 'new']).replace('extraction.failed', 'never.sent'));
      await place.receive(mixed(1), mixed(2));
      await place.attempt({}, outcome);
      const dry = (await place.run(`replay ${chosen} --to next --dry-run`)).stdout;
      expect(dry).toContain('4 deliveries would be made.');
      expect((await place.run(`replay ${chosen} --to next`)).stdout).toContain('4 deliveries made.');
      expect(await deliveriesOf(place)).toEqual(['1 next', '2 next', '3 next', '4 next']);
      await place.deliver('next');
      const again = (await place.run(`replay ${chosen} --to next`)).stdout;
      expect(again).toContain('0 deliveries made, 4 not needed.');
    }
  });

  it('brings them from one that is gone, as far as the other takes them', async () => {
    const place = await Place.create(config(['legacy', 'new']).replace('extraction.failed', 'never.sent'));
    await place.receive(mixed(1));
    await place.attempt({}, 'delivered');
    const only = (events: string) =>
      config(['new', 'new']).replace('name: billing', 'name: crm').replace('extraction.failed', events);
    await place.write('shim.yaml', only('extraction.processed'));
    const run = () => place.run('replay --since 1h --from billing --to next');
    expect((await run()).stdout).toContain('1 delivery made.');
    await place.write('shim.yaml', only('extraction.*'));
    expect((await run()).stdout).toContain('1 delivery made, 1 not needed.');
    expect(await deliveriesOf(place)).toEqual(['1 next', '2 next']);
  });

  it('brings them to itself, once it takes events, where they are for it', async () => {
    for (const chosen of ['--status dead', '--since 1h', '1']) {
      const place = await Place.create(config(['legacy', 'legacy']));
      await place.receive(mixed(1), numbered(2));
      await place.attempt({}, 'dead');
      await place.attempt({}, 'delivered', 'next');
      await place.write('shim.yaml', config(['new', 'legacy']));
      const replay = `replay ${chosen} --from billing`;
      const wanted = chosen === '1' ? ['1 billing', '2 billing'] : ['1 billing', '3 billing', '2 billing'];
      const made = `${wanted.length} deliveries`;
      expect((await place.run(`${replay} --dry-run`)).stdout).toContain(`${made} would be made.`);
      expect((await place.run(replay)).stdout).toContain(`${made} made.`);
      expect(await deliveriesOf(place)).toEqual(wanted);
    }
    const place = await Place.create(config(['legacy', 'new']));
    await place.receive(mixed(1));
    await place.attempt({}, 'dead');
    await place.write(
      'shim.yaml',
      config(['new', 'new']).replace(
        'format: new',
        '$&, when: { not: { properties: { event: { const: extraction.failed } } } }',
      ),
    );
    expect((await place.run('replay --status dead')).stdout).toContain('1 delivery made.');
  });

  it('says of which it cannot be found out whether they are for it, and goes on with the others', async () => {
    const place = await Place.create(config(['legacy', 'legacy']));
    const endless = legacy([file({ fileId: 'fil_1' }), endlessFile({ fileId: 'bad_1', status: 'failed' })]);
    await place.receive({ ...numbered(1), body: endless }, mixed(2));
    await place.attempt({}, 'delivered');
    const when = { properties: { result: { items: { properties: { result: ENDLESS } } } } };
    await place.write(
      'shim.yaml',
      config(['new', 'legacy']).replace('format: new', () => `format: new, when: ${JSON.stringify(when)}`),
    );
    for (const more of [' --dry-run', '']) {
      const run = await place.run(`replay --since 1h --from billing${more}`, { longest: 2_000 });
      expect(run.status).toBe(1);
      expect(run.stderr).toMatch(/^event 2 to billing: not made: it takes longer .* "pattern" .*\n$/);
      expect(run.stdout).toMatch(/^3 deliveries (would be )?made, 1 not possible\.$/m);
    }
    expect(await deliveriesOf(place)).toEqual(['1 billing', '3 billing', '4 billing']);
  });

  it('says in a dry run what a real one does, where an event went with its webhook', async () => {
    const place = await Place.create(config(['legacy', 'new']));
    await place.receive(mixed(1));
    await place.deliver('billing');
    await place.deliver('next');
    const replay = 'replay --since 1h --from next --to billing';
    expect((await place.run(`${replay} --dry-run`)).stdout).toMatch(
      /^event 2 .* to billing: not made: it was delivered there; .*\n0 deliveries would be made, 1 not needed\.\n$/,
    );
    expect((await place.run(replay)).stdout).toContain('0 deliveries made, 1 not needed.');
  });

  it('counts a webhook once in a dry run of many', async () => {
    const place = await Place.create(config(['new', 'legacy']).replace('extraction.failed', 'never.sent'));
    // The first stands before the others, so that a page ends amid a webhook.
    const many = Array.from({ length: 260 }, (_, index) => index + 2).map((id) => ({
      body: legacy([file({ fileId: `fil_${id}` }), file({ fileId: `bad_${id}`, status: 'failed' })]),
    }));
    await place.receive(numbered(1), ...many);
    const replay = 'replay --since 1h --to next';
    const dry = (await place.run(`${replay} --dry-run`)).stdout;
    expect(dry).toContain('261 deliveries would be made, 260 not needed.');
    expect((await place.run(replay)).stdout).toContain('261 deliveries made, 260 not needed.');
  });
});

describe('replay of dead letters', () => {
  it('is for those whose latest delivery is one, so that a second run finds none', async () => {
    const place = await Place.create();
    await place.receive(numbered(1));
    await place.attempt({ status: 500 }, 'dead');
    await place.receive(numbered(2));
    await place.attempt({}, 'delivered');
    const { stdout } = await place.run('replay --status dead');
    expect(stdout).toContain('event 1 extraction.processed to billing: delivery 3\n1 delivery made.\n');
    await place.attempt({}, 'delivered');
    expect(await place.run('replay --status dead')).toMatchObject({
      status: 0,
      stdout: 'Nothing to replay.\n',
    });
  });

  it('can be of a period', async () => {
    const place = await Place.create();
    await place.receive(numbered(1), numbered(10), numbered(15));
    await place.attempt({ status: 500 }, 'dead');
    await place.run('replay --status dead --since 12m --until 7m');
    expect(await deliveriesOf(place)).toEqual(['2 billing']);
  });
});

describe('replay of a period', () => {
  it('is of what arrived then, in that order, without repeats', async () => {
    const place = await Place.create();
    await place.receive(numbered(15), numbered(3), numbered(5), numbered(10), numbered(10));
    await place.attempt({}, 'delivered');
    const { stdout } = await place.run('replay --since 16m --until 6m');
    expect(stdout).toContain('2 deliveries made.');
    expect(await deliveriesOf(place)).toEqual(['3 billing', '4 billing']);
  });

  it('gives a destination what went to another one and it lacks; called twice, nothing more', async () => {
    const place = await Place.create(twoDestinations());
    await place.receive(numbered(1), numbered(5), numbered(6));
    await place.attempt({}, 'delivered');
    await place.run('replay 2 --to old');
    const first = await place.run('replay --since 16m --to old');
    expect(first.stdout).toContain(
      'event 2 extraction.processed to old: not made: one waits already, delivery 4\n',
    );
    expect(first.stdout).toContain('1 delivery made, 1 not needed.\n');
    await place.deliver('old');
    const second = await place.run('replay --since 16m --to old');
    expect(second.status).toBe(0);
    expect(second.stdout).toContain(
      'event 3 extraction.processed to old: not made: it was delivered there, delivery 5\n',
    );
    expect(second.stdout).toContain('0 deliveries made, 2 not needed.\n');
    expect(await deliveriesOf(place)).toEqual(['2 old', '3 old']);
  });

  it('goes on over many pages', async () => {
    const place = await Place.create(twoDestinations());
    await place.receive(...Array.from({ length: 1_001 }, (_, index) => numbered(0, { fileId: `f${index}` })));
    await place.receive({ ...numbered(1), body: legacy([file({ fileId: 'last' })]) });
    const { stdout } = await place.run('replay --since 1h --to old --json');
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ dryRun: false, added: 1_002, spared: 0, failed: 0 });
    const ids: number[] = document.deliveries.map(({ eventId }: { eventId: number }) => eventId);
    expect(ids).toEqual(Array.from({ length: 1_002 }, (_, index) => index + 1));
  });
});

describe('replay --dry-run', () => {
  it('says of what takes too long to convert today where to look, and goes on with the others', async () => {
    const place = await Place.create();
    await place.receive({ ...numbered(1), body: legacy([endlessFile()]) }, numbered(2));
    await place.attempt({}, 'delivered');
    await place.write('shim.yaml', configText({ source: ENDLESS_CONTRACT }));
    await place.write('endless.json', JSON.stringify(ENDLESS));
    const { status, stdout } = await place.run('replay --since 1h --dry-run', { longest: 2_000 });
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      "event 1 extraction.processed to billing: would be delivered again; today's conversion would quarantine it: internal_error",
      expect.stringMatching(/^ {2}it takes longer to convert .* "pattern"/),
      "event 2 extraction.processed to billing: would be delivered again; today's conversion is the same",
      '2 deliveries would be made.',
      '',
    ]);
  });

  it("shows what today's configuration makes beside what was sent, and makes nothing", async () => {
    const place = await Place.create(twoDestinations());
    await place.receive(
      numbered(1),
      numbered(2, { status: 'completed', result: { total: 1 } }),
      { ...numbered(3), body: legacy([file({ status: 'failed' })]) },
      numbered(4, { status: 'done' }),
    );
    await place.write('shim.yaml', twoDestinations('statuses: { done: extraction.confirmed }'));
    const { status, stdout } = await place.run('replay --since 1h --to old --dry-run');
    expect(status).toBe(0);
    expect(stdout).toBe(
      "event 1 extraction.processed to old: would be delivered again; today's conversion is the same\n" +
        "event 2 extraction.processed to old: would be delivered again; today's conversion is the same\n" +
        "event 3 extraction.failed to old: would be delivered again; today's conversion is the same\n" +
        "event 4 extraction.processed to old: would be delivered again; today's conversion makes extraction.confirmed\n" +
        '4 deliveries would be made.\n',
    );
    expect(await deliveriesOf(place)).toEqual([]);
  });

  it('takes inferred edits as they were inferred', async () => {
    const place = await Place.create(configText({ source: 'inferEdited: true' }));
    const third = { fileId: 'fil_3' };
    await place.receive(numbered(1), numbered(2));
    await place.receive({ body: legacy([file({ fileId: 'fil_1', result: { total: 2 } }), file(third)]) });
    await place.attempt({}, 'delivered');
    const { stdout } = await place.run('replay --since 1h --dry-run');
    expect(stdout.match(/event .*/g)).toEqual(
      [
        '1 extraction.processed',
        '2 extraction.processed',
        '3 extraction.edited',
        '4 extraction.processed',
      ].map((event) => `event ${event} to billing: would be delivered again; today's conversion is the same`),
    );
  });

  it('shows each difference with its path, and what would be quarantined', async () => {
    const place = await Place.create();
    const [first, second] = [numbered(1), numbered(2)];
    await place.receive(first, second);
    await place.attempt({}, 'delivered');
    // As an older version may have stored them.
    await place.rewrite('UPDATE events SET body = ? WHERE id = 1', [
      `{"event":"extraction.processed","result":[{"extractionId":"OXsMc1pD","batchId":"bat_1","fileId":"fil_1","fileName":"invoice.pdf","status":"processed","result":{"total":100.00,"old":"\\u001b"}}]}`,
    ]);
    await place.rewrite('UPDATE webhooks SET body = ? WHERE id = 2', [legacy('none')]);
    const text = (await place.run('replay 1 2 --dry-run')).stdout;
    expect(text).toContain(
      "event 1 extraction.processed to billing: would be delivered again; today's conversion differs\n" +
        '  result[0].result.total: sent 100.00, today 100\n' +
        '  result[0].result.old: sent "\\u001b", today nothing\n',
    );
    expect(text).toContain(
      "today's conversion would quarantine it: unrecognized_shape\n  result is a string",
    );
    const { deliveries } = JSON.parse((await place.run('replay 1 2 --dry-run --json')).stdout);
    expect(deliveries[0]).toEqual({
      eventId: 1,
      webhookId: expect.stringMatching(/^evt_/),
      event: 'extraction.processed',
      destination: 'billing',
      outcome: 'added',
      deliveryId: null,
      today: {
        outcome: 'different',
        differences: [
          { path: 'result[0].result.total', kind: 'number', sent: '100.00', today: '100' },
          { path: 'result[0].result.old', kind: 'missing', sent: '"\\u001b"', today: null },
        ],
      },
    });
    expect(deliveries[1].today).toMatchObject({ outcome: 'quarantined', reason: 'unrecognized_shape' });
  });
});

describe('replay beside the running service', () => {
  it('takes what went to the new handler to the old one, in its format, each webhook once', async () => {
    const received: { readonly at: string; readonly headers: IncomingHttpHeaders; readonly body: string }[] =
      [];
    const listen = async (at: string) => {
      const server = await startServer(async (request, response) => {
        received.push({ at, headers: request.headers, body: await readBody(request) });
        response.end('{"message":"Webhook received"}');
      });
      onTestFinished(() => server.close());
      return server.url;
    };
    const place = await Place.create(twoConfig([await listen('billing'), await listen('old')]));
    const mixed = legacy([file({ fileId: 'ok' }), file({ fileId: 'bad', status: 'failed' })]);
    await place.receive(numbered(1), numbered(10), { ...numbered(12), body: mixed });
    const { config } = loadConfig({ file: 'shim.yaml', env: {}, cwd: place.folder });
    const work = await startBuiltWork({ role: 'all', migrate: true, config, cwd: place.folder });
    onTestFinished(() => work.stop(1_000));
    const at = (name: string) => received.filter((one) => one.at === name);
    const deliveredAre = (count: number) =>
      until(async () => {
        const { stdout } = await place.run('deliveries list --status delivered --json');
        return JSON.parse(stdout).deliveries.length === count ? true : undefined;
      });
    await deliveredAre(4);

    const first = await place.run('replay --since 11m --to old');
    expect([first.status, first.stdout]).toEqual([
      0,
      expect.stringContaining('2 deliveries made, 1 not needed.'),
    ]);
    await deliveredAre(6);
    const again = await place.run('replay --since 11m --to old');
    expect([again.status, again.stdout]).toEqual([
      0,
      expect.stringContaining('0 deliveries made, 3 not needed.'),
    ]);

    const sent = at('billing').map(({ headers }) => headers['webhook-id']);
    const old = at('old').sort((one, other) => one.body.length - other.body.length);
    expect(old.map(({ body }) => body)).toEqual([numbered(10).body, mixed]);
    for (const { headers, body } of old) {
      expect(headers['x-webhook-signature']).toBe(documentedSignature(body, SECRET));
      expect(sent).toContain(headers['webhook-id']);
    }
    expect(at('billing')).toHaveLength(4);
  });
});

describe('a replay that is interrupted', () => {
  /** 1,201 events, of which 300 arrived at each millisecond: a page of 500 ends within one. */
  async function many(place: Place): Promise<void> {
    const events = Array.from({ length: 1_201 }, (_, index) => ({
      body: legacy([file({ fileId: `fil_${index}` })]),
      receivedAt: NOW - 10 * MINUTE + Math.floor(index / 300),
    }));
    await place.receive(...events.slice(0, 1_000));
    await place.receive(...events.slice(1_000));
    for (let taken = 0; taken < events.length; taken += 100) await place.deliver('billing');
  }

  /** Asked to stop while the second page is made. */
  async function stopped(place: Place, args: string) {
    let looks = 0;
    const running: { stop?: () => void } = {};
    const run = place.start(args.split(' '), {
      now: () => {
        looks += 1;
        if (looks === 3) running.stop?.();
        return NOW;
      },
    });
    running.stop = run.stop;
    return run.done;
  }

  it('says what it did and what to type, and that sends each once, whatever arrived meanwhile', async () => {
    const place = await Place.create();
    await many(place);
    const first = await stopped(place, 'replay --since 1h --until 1m --from billing --config shim.yaml');
    expect(first.status).toBe(1);
    expect(first.stdout).toMatch(/^event 1200 .*: delivery 2401\n1200 deliveries made\.\n/m);
    const command = 'replay --since 2026-03-01T11:50:00.004Z --until 2026-03-01T11:59:00.000Z --from billing';
    expect(first.stderr).toBe(
      `error: interrupted; to go on:\n  SHIM_CONFIG=shim.yaml webhook-shim ${command}\n`,
    );
    for (let taken = 0; taken < 1_200; taken += 100) await place.deliver('billing');
    const second = await place.run(command);
    expect(second).toMatchObject({ status: 0, stdout: expect.stringContaining('1 delivery made.\n') });
  });

  it('ends its JSON document', async () => {
    const place = await Place.create();
    await many(place);
    const { stdout, stderr } = await stopped(place, 'replay --since 1h --json');
    expect(JSON.parse(stdout)).toMatchObject({ added: 1_200, spared: 0, failed: 0 });
    expect(stderr).toMatch(/ replay --since 2026-03-01T11:50:00\.004Z --json\n$/);
  });

  it('begins anew with dead letters, of which it finds those that are left', async () => {
    const place = await Place.create();
    const events = Array.from({ length: 999 }, (_, index) => numbered(1, { fileId: `fil_${index}` }));
    await place.receive(...events);
    await place.receive(
      ...Array.from({ length: 99 }, (_, index) => numbered(2, { fileId: `later_${index}` })),
    );
    for (let taken = 0; taken < 1_098; taken += 100) await place.attempt({ status: 500 }, 'dead');
    const first = await stopped(place, 'replay --status dead');
    expect(first.stdout).toContain('1000 deliveries made.');
    expect(first.stderr).toBe(
      'error: interrupted; to go on:\n  SHIM_CONFIG=shim.yaml webhook-shim replay --status dead\n',
    );
    expect((await place.run('replay --status dead')).stdout).toContain('98 deliveries made');
  });
});
