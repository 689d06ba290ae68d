import { spawn } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, type Handler, startHandler } from '../support/handler.js';
import { legacyBody, MAIN, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const sources = [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }];
const LARGE = { result: { text: 'x'.repeat(4_000) } };

async function run(...args: readonly string[]): Promise<{ status: number | null; stdout: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { stdout: Buffer.concat(await child.stdout.toArray()).toString(), status: await exited };
}

/** Sends webhooks one after the other until it is told to end. @returns the files that were answered 200 */
function load(url: string, name: string) {
  const answered: string[] = [];
  let going = true;
  const running = (async () => {
    for (let number = 0; going; number++) {
      const fileId = `${name}-${number}`;
      if ((await sendSigned(url, legacyBody(fileId, LARGE), SECRET)) === 200) answered.push(fileId);
    }
  })();
  const end = async (): Promise<void> => {
    going = false;
    await running;
  };
  return { answered, end };
}

describe('a backup under load', () => {
  it('is a service of its own: all that was answered before it is there, and what waited is delivered', async () => {
    const [done, waiting] = [await startHandler(), await startHandler()];
    waiting.answers.push(...Array.from({ length: 100_000 }, () => 503));
    const folder = tempFolder();
    const retry = { schedule: ['0s', '1s'], attempts: 1_000 };
    // Its state is in the copy as well, and would hold the one that is repaired for half a minute.
    const breaker = { failures: 0 };
    const config = writeConfig(folder, {
      sources,
      destinations: [
        { name: 'done', url: done.url },
        { name: 'waiting', url: waiting.url, retry, breaker },
      ],
    });
    const service = await startService(config);
    const senders = ['a', 'b', 'c', 'd'].map((name) => load(`${service.publicUrl}/webhook`, name));
    const answered = (): readonly string[] => senders.flatMap((sender) => [...sender.answered]);
    await eventually(() => expect(answered().length).toBeGreaterThan(200));

    const before = answered();
    const { status, stdout } = await run('backup', join(folder, 'copy.db'), '--config', config, '--json');
    const after = answered();
    expect(status).toBe(0);
    const counts = JSON.parse(stdout);
    expect(counts.webhooks).toBeGreaterThanOrEqual(before.length);
    expect(after.length).toBeGreaterThan(before.length);
    await Promise.all(senders.map((sender) => sender.end()));
    expect(await service.stop()).toBe(0);

    // Restored: the copy where store.url says, and a start. What came after the copy is not in it.
    const place = join(folder, 'restored');
    mkdirSync(place);
    renameSync(join(folder, 'copy.db'), join(place, 'shim.db'));
    const [doneToo, repaired] = [await startHandler(), await startHandler()];
    const restored = writeConfig(place, {
      sources,
      destinations: [
        { name: 'done', url: doneToo.url },
        { name: 'waiting', url: repaired.url, retry, breaker },
      ],
    });
    await startService(restored);
    const filesOf = (...handlers: readonly Handler[]): ReadonlySet<string> =>
      new Set(
        handlers.flatMap(({ received }) =>
          received.map(({ body }) => JSON.parse(body).result[0].fileId as string),
        ),
      );
    const missingOf = (arrived: ReadonlySet<string>) => before.filter((fileId) => !arrived.has(fileId));
    await eventually(() => {
      expect(missingOf(filesOf(repaired))).toEqual([]);
      expect(missingOf(filesOf(done, doneToo))).toEqual([]);
    });
    const idsOf = (received: Handler['received']) =>
      new Map(received.map(({ body, headers }) => [body, headers['webhook-id']]));
    const ids = idsOf(waiting.received);
    for (const [body, id] of idsOf(repaired.received)) expect(ids.get(body) ?? id).toBe(id);
  });
});
