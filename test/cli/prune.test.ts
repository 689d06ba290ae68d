import { describe, expect, it } from 'vitest';
import { configText, file, legacy, NOW, Place } from './support.js';

const DAY = 86_400_000;
const archived = { body: legacy([file({ status: 'archived' })]) };

/** Webhooks of 40, 20 and 2 days ago that are delivered, one of 50 days ago in quarantine, one of 45 that waits. */
async function filled(): Promise<Place> {
  const place = await Place.create();
  const ago = (days: number, fileId: string) => ({
    receivedAt: NOW - days * DAY,
    body: legacy([file({ fileId })]),
  });
  await place.receive({ ...archived, receivedAt: NOW - 50 * DAY });
  await place.receive(ago(40, 'a'), ago(20, 'b'), ago(2, 'c'));
  await place.deliver('billing');
  await place.receive(ago(45, 'waits'));
  return place;
}

const left = async (place: Place): Promise<readonly number[]> => {
  const { events } = JSON.parse((await place.run('events list --json')).stdout);
  return events.map(({ id }: { readonly id: number }) => id);
};

describe('prune', () => {
  it('removes what is over and older than the retention, and keeps what waits', async () => {
    const place = await filled();
    const { status, stdout, stderr } = await place.run('prune');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Removed 1 webhook that arrived before 2026-01-30T12:00:00Z, with all that was made of them\.\nThe database has \d+\.\d KiB, .* of it free for what comes next\.\n$/,
    );
    expect(await left(place)).toEqual([3, 2, 4]);
    expect((await place.run('quarantine list')).stdout).toContain('unknown_status');
    expect((await place.run('prune')).stdout).toMatch(/^Removed 0 webhooks /);
  });

  it.each([
    ['10d', 2],
    ['2026-02-26', 2],
    ['1d', 3],
  ])('removes what arrived before %s', async (before, count) => {
    const place = await filled();
    const { stdout } = await place.run(`prune --json --before ${before}`);
    expect(JSON.parse(stdout)).toEqual({
      dryRun: false,
      before: expect.stringMatching(/^2026-02-/),
      webhooks: count,
      bytes: expect.any(Number),
      freeBytes: expect.any(Number),
    });
    expect(await left(place)).toHaveLength(4 - count);
  });

  it('only tells what it would remove', async () => {
    const place = await filled();
    const { stdout } = await place.run('prune --before 10d --dry-run');
    expect(stdout).toMatch(/^Would remove 2 webhooks that arrived before 2026-02-19T12:00:00Z, /);
    expect(await left(place)).toHaveLength(4);
  });

  it('refuses what would let duplicates through, and what is no time', async () => {
    const place = await filled();
    expect(await place.run('prune --before 23h')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^error: --before 23h: .* within 1d \(dedupWindow\), which therefore stays/,
      ),
    });
    expect((await place.run('prune --before never')).status).toBe(2);
    expect((await place.run('prune --before 2025-02-29')).status).toBe(2);
    await place.write('shim.yaml', configText({ source: 'dedupWindow: 0' }));
    expect((await place.run('prune --before 1s')).status).toBe(0);
  });

  it('exits 1 where there is no store yet', async () => {
    const place = await Place.create();
    expect((await place.run('prune')).status).toBe(1);
  });
});
