import { pbkdf2 } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Place } from './support.js';

describe('backup', () => {
  it('makes a copy and says what is in it', async () => {
    const place = await Place.create();
    await place.receive({});
    const { status, stdout, stderr } = await place.run('backup copy.db');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/copy\.db: \d+\.\d KiB, checked: 1 webhook, 1 event, 1 delivery\n$/);
    const document = JSON.parse((await place.run('backup other.db --json')).stdout);
    expect(document).toEqual({
      file: join(place.folder, 'other.db'),
      bytes: statSync(join(place.folder, 'other.db')).size,
      webhooks: 1,
      events: 1,
      deliveries: 1,
    });
  });

  it('exits 2 where a file is in the way, unless it may be replaced, and 1 where there is no store', async () => {
    const place = await Place.create();
    expect(await place.run('backup copy.db')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^error: no data yet at .*: start the service first, or correct the path\n$/,
      ),
    });
    await place.receive({});
    await place.write('copy.db', 'precious');
    expect(await place.run('backup copy.db')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error: .*copy\.db is there: .*--force\n$/),
    });
    expect((await place.run('backup copy.db --force')).status).toBe(0);
  });

  it('tells how far it has come, where it takes long', async () => {
    const place = await Place.create();
    await place.receive(
      ...Array.from({ length: 150 }, () => ({ body: `{"result":"${'x'.repeat(100_000)}"}` })),
    );
    let time = 0;
    const { status, stderr } = await place.run('backup copy.db', { now: () => (time += 1_500) });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^(copied \d+%\n)+$/);
  });

  it('keeps nothing of a copy when it is interrupted', async () => {
    const place = await Place.create();
    await place.receive(
      ...Array.from({ length: 300 }, () => ({ body: `{"result":"${'x'.repeat(100_000)}"}` })),
    );
    const running = place.start(['backup', 'copy.db']);
    running.stop();
    expect(await running.done).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^(copied \d+%\n)*stopping; nothing of the copy is kept\n(copied \d+%\n)*error: interrupted: there is no copy\n$/,
      ),
    });
    expect(statSync(join(place.folder, 'copy.db'), { throwIfNoEntry: false })).toBeUndefined();
    expect(readdirSync(place.folder).sort()).toEqual(['data', 'shim.yaml']);
  });

  it('says the same where it is interrupted before it has begun', async () => {
    const place = await Place.create();
    await place.receive({});
    // All threads that could copy are busy until after the stop.
    const busy = Array.from({ length: 4 }, () => promisify(pbkdf2)('', '', 300_000, 64, 'sha512'));
    const running = place.start(['backup', 'copy.db']);
    running.stop();
    expect(await running.done).toEqual({
      status: 1,
      stdout: '',
      stderr: 'stopping; nothing of the copy is kept\nerror: interrupted: there is no copy\n',
    });
    expect(readdirSync(place.folder).sort()).toEqual(['data', 'shim.yaml']);
    await Promise.all(busy);
  });
});
