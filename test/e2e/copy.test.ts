import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { type Databases, startDatabases } from '../support/postgres.js';
import {
  legacyBody,
  runCommand,
  type Service,
  sendSigned,
  startService,
  writeConfig,
} from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS1jb3B5';

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

const send = async (service: Service, body: string): Promise<void> =>
  expect(await sendSigned(`${service.publicUrl}/webhook`, body, SECRET)).toBe(200);

describe('an installation', () => {
  it('goes on in PostgreSQL with its backlog, its duplicates and its quarantine', async () => {
    const handler = await startHandler();
    handler.answers.push(...Array.from({ length: 1_000 }, () => 503));
    const folder = tempFolder();
    const configured = (more: object = {}, statuses = {}): string =>
      writeConfig(folder, {
        sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET], statuses }],
        destinations: [
          {
            name: 'billing',
            url: handler.url,
            retry: { schedule: ['0s', '2s'], attempts: 1_000 },
            concurrency: 1,
          },
        ],
        ...more,
      });
    const config = configured();
    const from = `sqlite:${folder}/shim.db`;
    const to = await server.createDatabase();
    const copy = async () => JSON.parse(await runCommand('copy', '--from', from, '--to', to, '--json'));

    const before = await startService(config);
    for (const id of ['a', 'b']) await send(before, legacyBody(id));
    await send(before, legacyBody('c', { status: 'archived' }));
    await eventually(() => expect(handler.received.length).toBeGreaterThanOrEqual(2));
    expect(await copy()).toMatchObject({ served: true, complete: false });
    await send(before, legacyBody('d'));
    // Not so many requests: where the copy takes long, those before it are tried again first.
    const tried = new Set<string | undefined>();
    await eventually(() => {
      for (const { headers } of handler.received) tried.add(headers['webhook-id']);
      expect(tried.size).toBe(3);
    });
    expect(await before.stop()).toBe(0);

    expect(await copy()).toMatchObject({ served: false, complete: true });
    /** In one format alone: a minute later they wait no longer for the other one. */
    const ledger = async () => {
      const { matched, legacyOnly, waiting, different } = JSON.parse(
        await runCommand('parity', '--json', '--config', config),
      );
      return { matched, alone: legacyOnly + waiting, different };
    };
    const told = await ledger();
    expect(told).toEqual({ matched: 0, alone: 3, different: 0 });
    handler.answers.length = 0;
    const seen = handler.received.length;
    configured({ store: { url: to } }, { archived: 'extraction.processed' });
    expect(await ledger()).toEqual(told);
    const after = await startService(config);
    await send(after, legacyBody('a'));
    await eventually(() => expect(handler.received.length - seen).toBeGreaterThanOrEqual(3));
    await runCommand('quarantine', 'retry', '--all', '--config', config);
    await eventually(() => expect(handler.received.length - seen).toBeGreaterThanOrEqual(4));
    const delivered = handler.received.slice(seen);
    const ids = delivered.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(4);
    expect(ids.filter((id) => tried.has(id))).toHaveLength(3);
    expect(Number(delivered[0]?.headers['x-shim-attempt'])).toBeGreaterThan(1);
    const files = delivered.map(({ body }) => JSON.parse(body).result[0].fileId);
    expect(files.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    const { events } = JSON.parse(await runCommand('events', 'list', '--json', '--config', config));
    expect(events.filter((event: { duplicateOf: number | null }) => event.duplicateOf !== null)).toHaveLength(
      1,
    );
    expect(await after.stop()).toBe(0);
  });
});
