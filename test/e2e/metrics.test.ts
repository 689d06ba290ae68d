import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Family, readExposition, sampleValue } from '../support/exposition.js';
import { eventually, type Handler, startHandler } from '../support/handler.js';
import { type Service, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS1tZXRyaWNz';
const OLD_SECRET = 'E_AI_K_b2xkLW1ldHJpY3M';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET, OLD_SECRET] };

type Page = ReadonlyMap<string, Family>;

const file = (fileId: string, more: object = {}) => ({
  extractionId: 'e',
  batchId: 'b',
  fileId,
  status: 'processed',
  result: { n: 1 },
  ...more,
});
const legacy = (...files: readonly object[]): string => JSON.stringify({ result: JSON.stringify(files) });
const recent = (event: string, ...files: readonly object[]): string =>
  JSON.stringify({ event, result: files });

async function scrape(service: Service, headers: Record<string, string> = {}): Promise<Page> {
  const response = await fetch(`${service.adminUrl}/metrics`, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return readExposition(await response.text());
}

/** Every family of ours, with its type and the labels that its samples have. */
const FAMILIES: Readonly<Record<string, readonly [type: string, labels: readonly string[]]>> = {
  shim_webhooks_total: ['counter', ['format', 'outcome', 'source']],
  shim_ingest_duration_seconds: ['histogram', []],
  shim_events_total: ['counter', ['event', 'source']],
  shim_deliveries_total: ['counter', ['destination', 'outcome']],
  shim_attempt_duration_seconds: ['histogram', ['destination']],
  shim_end_to_end_seconds: ['histogram', ['destination']],
  shim_backlog: ['gauge', ['destination', 'status']],
  shim_oldest_pending_seconds: ['gauge', ['destination']],
  shim_breaker_open: ['gauge', ['destination']],
  shim_quarantine: ['gauge', []],
  shim_parity_total: ['gauge', ['result']],
  shim_last_seen_seconds: ['gauge', ['format', 'source']],
  shim_secret_last_used_seconds: ['gauge', ['secret', 'source']],
};

/** A service that delivers to one handler and keeps what is for another, which is paused. */
async function startTwo(handler: Handler, folder: string, more: object = {}) {
  const config = writeConfig(folder, {
    sources: [source],
    destinations: [
      { name: 'billing', url: handler.url, retry: { schedule: ['0s', '50ms'], attempts: 2 } },
      { name: 'archive', url: handler.url, mode: 'paused', events: ['extraction.*', 'custom.one'] },
    ],
    ...more,
  });
  return startService(config);
}

/** One of each kind. */
async function sendTraffic({ publicUrl }: Service, handler: Handler): Promise<void> {
  const url = `${publicUrl}/webhook`;
  // One is tried twice, and one given up.
  handler.answers.push(500, 200, 500, 500);
  const send = (body: string, secret = SECRET): Promise<number> => sendSigned(url, body, secret);
  expect(await send(legacy(file('a')))).toBe(200);
  await eventually(() => expect(handler.received).toHaveLength(2));
  expect(await send(legacy(file('b')), OLD_SECRET)).toBe(200);
  await eventually(() => expect(handler.received).toHaveLength(4));
  expect(await send(recent('extraction.processed', file('a')))).toBe(200);
  expect(await send(recent('custom.one', file('c')))).toBe(200);
  expect(await send(recent('stranger.made-up', file('d')))).toBe(200);
  expect(await send(legacy(file('e', { status: 'archived' })))).toBe(200);
  await eventually(() => expect(handler.received).toHaveLength(6));
  expect(await send(legacy(file('f')), 'E_AI_K_wrong')).toBe(401);
  const post = (body: string, type = 'application/json', method = 'POST') =>
    fetch(url, { method, ...(method === 'GET' ? {} : { headers: { 'content-type': type }, body }) });
  expect((await post('{"no":"result"}')).status).toBe(400);
  expect((await post('x', 'text/plain')).status).toBe(415);
  expect((await post('', '', 'GET')).status).toBe(405);
  expect((await post(`{"result":"${'x'.repeat(2_000)}"}`)).status).toBe(413);
}

/** What is read from the store, so that a restart changes none of it. */
function expectStored(page: Page): void {
  const backlog = (destination: string, status: string) =>
    sampleValue(page, 'shim_backlog', { destination, status });
  expect([backlog('billing', 'pending'), backlog('billing', 'dead')]).toEqual([0, 1]);
  expect([backlog('archive', 'pending'), backlog('archive', 'dead')]).toEqual([3, 0]);
  expect(sampleValue(page, 'shim_oldest_pending_seconds', { destination: 'billing' })).toBe(0);
  expect(sampleValue(page, 'shim_oldest_pending_seconds', { destination: 'archive' })).toBeGreaterThan(0);
  expect(sampleValue(page, 'shim_breaker_open', { destination: 'billing' })).toBe(0);
  expect(sampleValue(page, 'shim_breaker_open', { destination: 'archive' })).toBe(0);
  expect(sampleValue(page, 'shim_quarantine')).toBe(1);
  const parity = (result: string) => sampleValue(page, 'shim_parity_total', { result });
  expect(['matched', 'different', 'legacy_only', 'new_only'].map(parity)).toEqual([1, 0, 0, 0]);
  // What one format alone brought waits for the other for a minute.
  expect(parity('waiting')).toBe(3);
  for (const labels of [{ format: 'legacy' }, { format: 'new' }]) {
    const ago = sampleValue(page, 'shim_last_seen_seconds', { source: 'extracta', ...labels });
    expect(ago).toBeGreaterThanOrEqual(0);
    expect(ago).toBeLessThan(60);
  }
  for (const secret of ['0', '1']) {
    const ago = sampleValue(page, 'shim_secret_last_used_seconds', { source: 'extracta', secret });
    expect(ago).toBeLessThan(60);
  }
}

describe('/metrics', () => {
  it('has every family with its type, its help and its labels from the start', async () => {
    const service = await startTwo(await startHandler(), tempFolder());
    const page = await scrape(service);
    expect([...page.keys()].filter((name) => name.startsWith('shim_')).sort()).toEqual(
      Object.keys(FAMILIES).sort(),
    );
    for (const [name, [type, labels]] of Object.entries(FAMILIES)) {
      const family = page.get(name);
      expect([name, family?.type]).toEqual([name, type]);
      expect(family?.help).toMatch(/^[A-Z0-9].+\.$/);
      for (const sample of family?.samples ?? []) {
        const own = Object.keys(sample.labels).filter((label) => label !== 'le');
        expect([name, own.sort()]).toEqual([name, labels]);
      }
    }
    const guide = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    for (const [name, [, labels]] of Object.entries(FAMILIES)) {
      const documented = new RegExp(`\\| \`${name}(?:\\{(?<labels>[a-z,]+)\\})?\` \\|`).exec(guide);
      expect([name, documented?.groups?.labels?.split(',').sort() ?? []]).toEqual([name, labels]);
      expect(documented).not.toBeNull();
    }
    expect(sampleValue(page, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    // A series that appears with its first event hides that event from a rate.
    const accepted = { source: 'extracta', format: 'legacy', outcome: 'accepted' };
    expect(sampleValue(page, 'shim_webhooks_total', accepted)).toBe(0);
    expect(sampleValue(page, 'shim_deliveries_total', { destination: 'archive', outcome: 'dead' })).toBe(0);
    expect(sampleValue(page, 'shim_end_to_end_seconds_count', { destination: 'billing' })).toBe(0);
    expect(sampleValue(page, 'shim_quarantine')).toBe(0);
    expect(page.get('shim_last_seen_seconds')?.samples).toEqual([]);
  });

  it('tells what came and what became of it, and after a restart what is stored', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const limited = { server: { host: '127.0.0.1', port: 0, bodyLimit: '1kb' } };
    const service = await startTwo(handler, folder, limited);
    await sendTraffic(service, handler);
    const page = await eventually(async () => {
      const found = await scrape(service);
      expect(sampleValue(found, 'shim_quarantine')).toBe(1);
      expect(sampleValue(found, 'shim_backlog', { destination: 'billing', status: 'pending' })).toBe(0);
      expect(sampleValue(found, 'shim_backlog', { destination: 'archive', status: 'pending' })).toBe(3);
      return found;
    });

    const webhooks = (format: string, outcome: string) =>
      sampleValue(page, 'shim_webhooks_total', { source: 'extracta', format, outcome });
    expect([webhooks('legacy', 'accepted'), webhooks('new', 'accepted')]).toEqual([3, 3]);
    expect(
      ['refused', 'malformed', 'media_type', 'method', 'too_large'].map((one) => webhooks('unknown', one)),
    ).toEqual([1, 1, 1, 1, 1]);
    expect(['busy', 'not_stored', 'failed'].map((one) => webhooks('unknown', one))).toEqual([0, 0, 0]);
    expect(sampleValue(page, 'shim_ingest_duration_seconds_count')).toBe(6);

    const events = (event: string) => sampleValue(page, 'shim_events_total', { source: 'extracta', event });
    expect(['extraction.processed', 'custom.one', 'other'].map(events)).toEqual([3, 1, 1]);
    expect(page.get('shim_events_total')?.samples.map(({ labels }) => labels.event)).not.toContain(
      'stranger.made-up',
    );

    const deliveries = (outcome: string) =>
      sampleValue(page, 'shim_deliveries_total', { destination: 'billing', outcome });
    expect(['delivered', 'retry', 'dead', 'missed'].map(deliveries)).toEqual([3, 2, 1, 0]);
    expect(sampleValue(page, 'shim_attempt_duration_seconds_count', { destination: 'billing' })).toBe(6);
    expect(sampleValue(page, 'shim_end_to_end_seconds_count', { destination: 'billing' })).toBe(3);
    expect(sampleValue(page, 'shim_end_to_end_seconds_sum', { destination: 'billing' })).toBeGreaterThan(
      0.05,
    );
    expectStored(page);

    expect(await service.stop()).toBe(0);
    const after = await scrape(await startTwo(handler, folder, limited));
    expectStored(after);
    const accepted = { source: 'extracta', format: 'legacy', outcome: 'accepted' };
    expect(sampleValue(after, 'shim_webhooks_total', accepted)).toBe(0);
  });

  it('sums up destinations that are in the store alone', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const paused = (name: string) => ({ name, url: handler.url, mode: 'paused' });
    const before = await startTwo(handler, folder, { destinations: ['a', 'b', 'c'].map(paused) });
    expect(await sendSigned(`${before.publicUrl}/webhook`, legacy(file('a')), SECRET)).toBe(200);
    const pending = (page: Page, destination: string) =>
      sampleValue(page, 'shim_backlog', { destination, status: 'pending' });
    await eventually(async () => expect(pending(await scrape(before), 'a')).toBe(1));
    expect(await before.stop()).toBe(0);

    const after = await scrape(await startTwo(handler, folder, { destinations: [paused('b')] }));
    expect([pending(after, 'b'), pending(after, 'orphaned')]).toEqual([1, 2]);
    expect(sampleValue(after, 'shim_oldest_pending_seconds', { destination: 'orphaned' })).toBeGreaterThan(0);
    const names = after.get('shim_backlog')?.samples.map(({ labels }) => labels.destination);
    expect(new Set(names)).toEqual(new Set(['b', 'orphaned']));
  });

  it('goes on counting over a reload, with the names of the new configuration', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const service = await startTwo(handler, folder);
    const url = `${service.publicUrl}/webhook`;
    expect(await sendSigned(url, legacy(file('a')), SECRET)).toBe(200);
    const delivered = async (destination: string) =>
      sampleValue(await scrape(service), 'shim_deliveries_total', { destination, outcome: 'delivered' });
    await eventually(async () => expect(await delivered('billing')).toBe(1));
    const destinations = [
      { name: 'billing', url: handler.url, timeout: '9s' },
      { name: 'added', url: handler.url },
    ];
    writeConfig(folder, { sources: [source], destinations });
    service.process.kill('SIGHUP');
    await eventually(async () => expect(await delivered('added')).toBe(0));
    expect(await sendSigned(url, legacy(file('b')), SECRET)).toBe(200);
    await eventually(async () =>
      expect([await delivered('billing'), await delivered('added')]).toEqual([2, 1]),
    );
    expect(
      sampleValue(await scrape(service), 'shim_end_to_end_seconds_count', { destination: 'billing' }),
    ).toBe(2);
  });

  it('is for those who have the admin token, where there is one', async () => {
    const token = 'metrics-token-of-the-test';
    const admin = { host: '127.0.0.1', port: 0, token };
    const service = await startTwo(await startHandler(), tempFolder(), { admin });
    const refused = await fetch(`${service.adminUrl}/metrics`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await refused.text()).not.toContain('shim_');
    await scrape(service, { authorization: `Bearer ${token}` });
    expect((await fetch(`${service.adminUrl}/healthz`)).status).toBe(200);
  });
});
