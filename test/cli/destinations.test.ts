import { describe, expect, it } from 'vitest';
import { configText, file, legacy, MINUTE, NOW, Place } from './support.js';

const named = (name: string) => configText().replace('name: billing', `name: ${name}`);
const numbered = (id: number) => ({ body: legacy([file({ fileId: `fil_${id}` })]) });

/** A place with a backlog for a destination that has another name by now. */
async function renamed(...ids: readonly number[]): Promise<Place> {
  const place = await Place.create(named('old-crm'));
  await place.receive(...ids.map(numbered));
  await place.write('shim.yaml', configText());
  return place;
}

describe('destinations list', () => {
  it('shows backlog, age, breaker and pause of each', async () => {
    const place = await renamed(1, 2);
    await place.receive(numbered(3));
    await place.attempt({ status: 503, error: 'no' }, 'retry');
    await place.store((store) =>
      store.openBreaker({ destination: 'billing', until: NOW + MINUTE, reason: '10 failures in a row' }),
    );
    const { status, stdout, stderr } = await place.run('destinations list', { now: () => NOW + 90 * MINUTE });
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^DESTINATION +MODE +BACKLOG +OLDEST +BREAKER +PAUSED SINCE +WHY$/),
      expect.stringMatching(/^billing +live +1 +1h 30m +half-open +- +10 failures in a row$/),
      expect.stringMatching(/^old-crm +orphaned +2 +1h 30m +closed +- +-$/),
      '',
    ]);
    expect(stderr).toBe(`old-crm is not configured any more: hand over what waits for it, or give it up
  SHIM_CONFIG=shim.yaml webhook-shim destinations move old-crm --to OTHER
  SHIM_CONFIG=shim.yaml webhook-shim destinations discard old-crm --note TEXT
`);
    expect((await place.run('destinations move old-crm --to billing')).status).toBe(0);
    const { stdout: open } = await place.run('destinations list');
    expect(open).toMatch(/billing .* open until 2026-03-01T12:01:00Z/);
  });

  it('prints one JSON document with stable names', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.run(['destinations', 'pause', 'billing', '--note', 'they move']);
    const { stdout } = await place.run('destinations list --json');
    expect(JSON.parse(stdout)).toEqual({
      destinations: [
        {
          name: 'billing',
          mode: 'live',
          backlog: 1,
          backlogIsMore: false,
          oldestAt: '2026-03-01T12:00:00.000Z',
          breaker: 'closed',
          openUntil: null,
          openReason: null,
          pausedAt: '2026-03-01T12:00:00.000Z',
          pausedFor: 'operator',
          pauseNote: 'they move',
        },
      ],
    });
  });

  it('says why one is paused', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.store((store) =>
      store.pauseDestination({ destination: 'billing', reason: '410', note: null, now: NOW }),
    );
    const { stdout } = await place.run('destinations list');
    expect(stdout).toMatch(/billing .* 2026-03-01T12:00:00Z +it answered 410 Gone/);
  });

  it('shows what is configured where there is no store yet', async () => {
    const place = await Place.create();
    const { status, stdout } = await place.run('destinations list');
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/billing +live +0/),
    });
  });
});

describe('destinations pause and resume', () => {
  const claim = (place: Place) =>
    place.store((store) =>
      store.claimDeliveries({ destination: 'billing', limit: 9, now: NOW + MINUTE, lease: MINUTE }),
    );

  it('keeps what is for it, and goes on', async () => {
    const place = await Place.create();
    await place.receive({});
    expect(await place.run('destinations pause billing')).toMatchObject({
      status: 0,
      stdout:
        'billing is paused: what is for it is kept, until SHIM_CONFIG=shim.yaml webhook-shim destinations resume billing\n',
    });
    expect((await place.run('destinations pause billing')).stdout).toContain('was paused before');
    expect(await claim(place)).toEqual([]);
    expect((await place.run('destinations resume billing')).stdout).toBe('billing goes on.\n');
    expect((await place.run('destinations resume billing')).stdout).toContain('was not held');
    expect(await claim(place)).toHaveLength(1);
  });

  it('knows its names', async () => {
    const place = await Place.create();
    await place.receive({});
    for (const verb of ['pause', 'resume']) {
      const { status, stderr } = await place.run(`destinations ${verb} biling`);
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: 'error: biling is the name of no configured destination; did you mean "billing"?\n',
      });
    }
  });
});

describe('what waits for a destination that is gone', () => {
  it('is discarded with a note', async () => {
    const place = await renamed(1, 2);
    const discard = ['destinations', 'discard', 'old-crm', '--note', 'sold'];
    expect(await place.run(discard)).toMatchObject({ status: 0, stdout: '2 deliveries discarded.\n' });
    expect((await place.run('deliveries list --status discarded')).stdout).toContain('discarded: sold');
    expect((await place.run('events list')).stdout).toContain('1 discarded');
    expect(await place.run(discard)).toMatchObject({ status: 1 });
    expect((await place.run('destinations list')).stdout).not.toContain('orphaned');
    expect(await place.run(['destinations', 'discard', 'x', '--note', ' '])).toMatchObject({ status: 2 });
  });

  it('is discarded with its dead letters, so that these are counted no more', async () => {
    const place = await renamed(1, 2);
    await place.attempt({ status: 500 }, 'dead', 'old-crm');
    expect((await place.run('stats')).stdout).toMatch(/dead letters +2 /);
    const discard = ['destinations', 'discard', 'old-crm', '--note', 'sold'];
    expect((await place.run(discard)).stdout).toBe('2 deliveries discarded.\n');
    expect((await place.run('stats')).stdout).toMatch(/dead letters +0$/m);
  });

  it('is moved, all of it, and delivered by the other', async () => {
    const place = await renamed(...Array.from({ length: 900 }, (_, id) => id));
    expect(await place.run('destinations move old-crm --to billing')).toMatchObject({
      status: 0,
      stdout: '900 deliveries moved to billing.\n',
    });
    expect((await place.run('destinations list')).stdout).toMatch(/billing +live +900/);
  });

  it('leaves out what the other has', async () => {
    const place = await renamed(1, 2);
    await place.run('replay 1 --to billing');
    const { stdout } = await place.run('destinations move old-crm --to billing');
    expect(stdout).toBe(
      '1 delivery moved to billing.\n1 more were of events that it has already: they are discarded.\n',
    );
  });

  describe('of a handler in the old format, where a webhook became two events', () => {
    const mixed = (id: number) => ({
      body: legacy([file({ fileId: `fil_${id}` }), file({ fileId: `bad_${id}`, status: 'failed' })]),
    });
    const waiting = async (place: Place) =>
      (await place.store((store) => store.listDeliveries({ destination: 'billing', limit: 9 })))
        .map(({ event, status, attempts }) => `${event} ${status} ${attempts}`)
        .sort();
    async function replaced(more = ''): Promise<Place> {
      const place = await Place.create(`${named('old-crm').trimEnd()}\n    format: legacy\n`);
      await place.receive(mixed(1));
      await place.attempt({ status: 500 }, 'retry', 'old-crm');
      await place.write('shim.yaml', `${configText().trimEnd()}\n${more}`);
      return place;
    }

    it('is moved to one in the new format, where it stands for both events', async () => {
      const place = await replaced();
      const { status, stdout } = await place.run('destinations move old-crm --to billing');
      expect({ status, stdout }).toEqual({ status: 0, stdout: '1 delivery moved to billing.\n' });
      expect(await waiting(place)).toEqual(['extraction.processed pending 1']);
      const request = { destination: 'billing', limit: 9, now: NOW + MINUTE, lease: MINUTE };
      const claimed = await place.store((store) => store.claimDeliveries(request));
      expect(claimed.map(({ severalEvents }) => severalEvents)).toEqual([true]);
    });

    it('makes none of an event that the other does not take, or has', async () => {
      const picky = await replaced('    events: [extraction.processed]\n');
      expect((await picky.run('destinations move old-crm --to billing')).stdout).toBe(
        '1 delivery moved to billing.\n',
      );
      const place = await replaced();
      await place.run('replay 2 --to billing');
      await place.deliver('billing');
      expect((await place.run('destinations move old-crm --to billing')).stdout).toBe(
        '1 delivery moved to billing.\n',
      );
      expect(await waiting(place)).toEqual([
        'extraction.failed delivered 1',
        'extraction.processed pending 1',
      ]);
    });

    it('is moved as it is to another one in the old format', async () => {
      const place = await replaced('    format: legacy\n');
      expect((await place.run('destinations move old-crm --to billing')).stdout).toBe(
        '1 delivery moved to billing.\n',
      );
    });
  });

  it('is refused for one that is configured, and to one that is not', async () => {
    const place = await renamed(1);
    for (const args of [
      ['discard', 'billing', '--note', 'x'],
      ['move', 'billing', '--to', 'billing'],
      ['move', 'old-crm', '--to', 'crm'],
    ]) {
      expect(await place.run(['destinations', ...args])).toMatchObject({ status: 2 });
    }
  });
});

it('shows the dead letter that a delivery went out without', async () => {
  const place = await Place.create();
  await place.receive(numbered(1), numbered(2));
  await place.rewrite('UPDATE deliveries SET after_dead = 1 WHERE id = ?', ['2']);
  expect((await place.run('deliveries show 2')).stdout).toContain('went without  delivery 1, a dead letter');
  expect(JSON.parse((await place.run('deliveries show 2 --json')).stdout).afterDead).toBe(1);
});
