import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../support/config.js';
import { eventually, startHandler } from '../support/handler.js';
import { MAIN, type Service, sendSigned, startService, writeConfig } from '../support/service.js';

const SECRET = 'E_AI_K_c2hpbS1mb2xsb3c';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };

const legacy = (fileId: string, status = 'processed'): string =>
  JSON.stringify({
    result: JSON.stringify([{ extractionId: 'e', batchId: 'b', fileId, status, result: { n: 1 } }]),
  });

/** What the log says of one webhook, in order; the request first, which the other thread may say a moment later. */
function linesOf({ log }: Service, webhook: number): readonly string[] {
  const lines = log.filter((line) => line.webhook === webhook).map(({ msg }) => String(msg));
  const isRequest = (line: string): boolean => line === 'webhook stored';
  return [...lines.filter(isRequest), ...lines.filter((line) => !isRequest(line))];
}

const run = async (config: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [MAIN, ...args, '--config', config])).stdout;

describe('the number of a webhook', () => {
  it('leads through the log from its request to the last of its deliveries', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const configured = (statuses: object): string =>
      writeConfig(folder, {
        sources: [{ ...source, statuses }],
        destinations: [
          { name: 'billing', url: handler.url, retry: { schedule: ['0s', '50ms'], attempts: 2 } },
        ],
      });
    const config = configured({});
    const service = await startService(config);
    const url = `${service.publicUrl}/webhook`;
    const send = async (body: string): Promise<void> => expect(await sendSigned(url, body, SECRET)).toBe(200);
    const follow = (webhook: number, ...lines: readonly string[]): Promise<void> =>
      eventually(() => expect(linesOf(service, webhook)).toEqual(lines));
    const stored = ['webhook stored', 'event stored'];
    const failed = 'attempt failed; it will be tried again';

    handler.answers.push(503);
    await send(legacy('a'));
    await follow(1, ...stored, failed, 'delivered');

    handler.answers.push(503, 503);
    await send(legacy('b'));
    await follow(2, ...stored, failed, 'dead letter');
    await run(config, 'replay', '--status', 'dead');
    await follow(2, ...stored, failed, 'dead letter', 'delivered');

    await send(legacy('c', 'archived'));
    await follow(3, 'webhook stored', 'webhook quarantined');
    configured({ archived: 'extraction.processed' });
    await run(config, 'quarantine', 'retry', '3');
    await follow(3, 'webhook stored', 'webhook quarantined', 'delivered');

    // No line about a delivery or an event is without it.
    const about = service.log.filter((line) => line.delivery !== undefined || line.event !== undefined);
    expect(about.length).toBeGreaterThanOrEqual(8);
    expect(about.filter((line) => typeof line.webhook !== 'number')).toEqual([]);
    // And each attempt says where it went.
    const attempts = about.filter((line) => line.attempt !== undefined);
    expect(attempts.map(({ webhook, destination }) => [webhook, destination])).toEqual(
      [1, 1, 2, 2, 2, 3].map((webhook) => [webhook, 'billing']),
    );
  });
});
