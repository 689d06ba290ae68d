import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { eventually, startHandler } from '../support/handler.js';
import { type Server, startPostgres } from '../support/postgres.js';
import { legacyBody, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

const checksOf = async (adminUrl: string): Promise<readonly string[]> => {
  const response = await fetch(`${adminUrl}/readyz`);
  expect(response.status).toBe(200);
  const { checks } = (await response.json()) as { readonly checks: object };
  return Object.keys(checks);
};

it('receives in one process and converts and delivers in two others, of which one may crash', async () => {
  const handler = await startHandler();
  const file = writeConfig(tempFolder(), {
    store: { url: await server.createDatabase() },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations: [{ name: 'handler', url: handler.url }],
  });
  const [ingest, work, other] = await Promise.all([
    startService(file, { role: 'ingest' }),
    startService(file, { role: 'work' }),
    startService(file, { role: 'work' }),
  ]);
  expect(await checksOf(ingest.adminUrl)).toEqual(['store']);
  expect(await checksOf(work.adminUrl)).toEqual(['store', 'convert', 'deliver']);

  const sent = Array.from({ length: 60 }, (_, index) => legacyBody(`f-${index}`));
  for (const [index, body] of sent.entries()) {
    if (index === 30) await other.stop('SIGKILL');
    expect(await sendSigned(`${ingest.publicUrl}/webhook`, body, SECRET)).toBe(200);
  }
  const arrived = () => handler.received.map(({ body }) => String(JSON.parse(body).result[0].fileId));
  // What the one that crashed had claimed comes once its lease has ended.
  await eventually(() => expect(new Set(arrived()).size).toBeGreaterThanOrEqual(50));
  const twice = arrived().filter((file, index, files) => files.indexOf(file) !== index);
  // And what it had sent, without a word of it in the store, comes a second time then; nothing else does.
  expect(twice.filter((file) => Number(file.slice(2)) >= 30)).toEqual([]);
  expect(await ingest.stop()).toBe(0);
  expect(await work.stop()).toBe(0);
  for (const { log } of [ingest, work, other]) expect(JSON.stringify(log)).not.toContain('a%20password');
});

it('records when webhooks could come in: not while it only works', async () => {
  const url = await server.createDatabase();
  const file = writeConfig(tempFolder(), {
    store: { url },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations: [],
  });
  const upUntil = async (): Promise<number> => {
    const store = await openStore(url, { mode: 'read' });
    const upTimes = await store.upTimes();
    await store.close();
    return upTimes.at(-1)?.to ?? 0;
  };
  const work = await startService(file, { role: 'work' });
  const made = await upUntil();
  expect(await work.stop()).toBe(0);
  expect(await upUntil()).toBe(made);

  const ingest = await startService(file, { role: 'ingest' });
  await eventually(async () => expect(await upUntil()).toBeGreaterThan(made));
  const started = await upUntil();
  expect(await ingest.stop()).toBe(0);
  expect(await upUntil()).toBeGreaterThan(started);
});

it('says what is wrong where the database is away, and serves once it is back', async () => {
  const handler = await startHandler();
  const file = writeConfig(tempFolder(), {
    store: { url: await server.createDatabase() },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations: [{ name: 'handler', url: handler.url }],
  });
  const service = await startService(file);
  await server.stop();
  expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('a'), SECRET)).toBe(503);
  const response = await fetch(`${service.adminUrl}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('ECONNREFUSED');
  await server.start();
  await eventually(async () =>
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('b'), SECRET)).toBe(200),
  );
  await eventually(() => expect(handler.received).toHaveLength(1));
  expect(await service.stop()).toBe(0);
});
