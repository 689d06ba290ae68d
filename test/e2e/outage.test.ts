import { afterAll, beforeAll, expect, it } from 'vitest';
import { signBody } from '../../src/formats/request-body.js';
import { eventually, startHandler } from '../support/handler.js';
import { holdLocks, type Server, startPostgres } from '../support/postgres.js';
import { startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const SENDERS = 4;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

/** Sends webhooks of one file each, some at a time, until it is stopped. */
function startSending(publicUrl: string) {
  const answered: string[] = [];
  const refused: (string | null)[] = [];
  const others: number[] = [];
  let running = true;
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (running) {
      const fileId = `f-${sent++}`;
      const file = { extractionId: 'e', batchId: fileId, fileId, status: 'done', result: {} };
      const body = JSON.stringify({ result: JSON.stringify([file]) });
      const headers = { 'content-type': 'application/json', 'x-webhook-signature': signBody(body, SECRET) };
      const response = await fetch(`${publicUrl}/webhook`, { method: 'POST', headers, body });
      await response.arrayBuffer();
      if (response.status === 200) answered.push(fileId);
      else if (response.status === 503) refused.push(response.headers.get('retry-after'));
      else others.push(response.status);
      await pause(10);
    }
  };
  const senders = Promise.all(Array.from({ length: SENDERS }, sender));
  const stop = async (): Promise<void> => {
    running = false;
    await senders;
  };
  return { answered, refused, others, stop };
}

it('keeps each promise while PostgreSQL is stopped and started again, and says little', async () => {
  const handler = await startHandler();
  const file = writeConfig(tempFolder(), {
    store: { url: await server.createDatabase() },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations: [
      { name: 'handler', url: handler.url, timeout: '1s', retry: { schedule: ['0s', '1s'], attempts: 100 } },
    ],
    log: { level: 'info' },
  });
  const service = await startService(file);
  const readyz = async (): Promise<readonly [number, string]> => {
    const response = await fetch(`${service.adminUrl}/readyz`);
    return [response.status, await response.text()];
  };
  const sending = startSending(service.publicUrl);
  const more = (list: readonly unknown[]): Promise<void> => {
    const enough = list.length + 20;
    return eventually(() => expect(list.length).toBeGreaterThan(enough));
  };

  for (const end of [server.stop, server.crash]) {
    await more(sending.answered);
    const before = service.log.length;
    const begun = performance.now();
    await end();
    await more(sending.refused);
    const [status, text] = await readyz();
    expect(status).toBe(503);
    expect(text).toMatch(/not ready: store.*no connection \(.*ECONNREFUSED/);
    await server.start();
    await more(sending.answered);
    await eventually(async () => expect((await readyz())[0]).toBe(200));
    const said = service.log.slice(before).map(({ msg }) => String(msg));
    const tens = Math.ceil((performance.now() - begun) / 10_000) + 1;
    // Whoever sends is told by the answer: of that there are 50 lines in ten seconds at the most.
    expect(said.filter((line) => line === 'webhook not stored').length).toBeLessThanOrEqual(50 * tens);
    expect(said.filter((line) => line.endsWith('trying again')).length).toBeLessThanOrEqual(10);
  }
  await sending.stop();

  expect(new Set(sending.refused)).toEqual(new Set(['5']));
  expect(sending.others).toEqual([]);
  const arrived = new Map<string, Set<string | undefined>>();
  // What was claimed when the connection broke is free once its lease has ended.
  await eventually(() => {
    for (const { body, headers } of handler.received) {
      const [{ fileId }] = JSON.parse(body).result;
      arrived.set(fileId, (arrived.get(fileId) ?? new Set()).add(headers['webhook-id']));
    }
    expect(sending.answered.filter((fileId) => !arrived.has(fileId))).toEqual([]);
  });
  expect([...arrived.values()].filter((ids) => ids.size > 1)).toEqual([]);
  expect(await service.stop()).toBe(0);
  expect(JSON.stringify(service.log)).not.toMatch(/a( |%20)password/);
});

it('stops in time where PostgreSQL takes no note of it', async () => {
  const url = await server.createDatabase();
  const sources = [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }];
  const service = await startService(
    writeConfig(tempFolder(), { store: { url, statementTimeout: '10m' }, sources, destinations: [] }),
  );
  await holdLocks(url, 'LOCK TABLE up_times IN ACCESS EXCLUSIVE MODE');
  // If it waited for the note, the test would not come to its end.
  expect(await service.stop()).toBe(0);
});
