import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import {
  legacyBody,
  runCommand,
  type Service,
  sendSigned,
  startService,
  writeConfig,
} from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS1mb2xsb3c';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };

/** What the log says of one webhook, in order; the request first, which the other thread may say a moment later. */
function linesOf({ log }: Service, webhook: number): readonly string[] {
  const lines = log.filter((line) => line.webhook === webhook).map(({ msg }) => String(msg));
  const isRequest = (line: string): boolean => line === 'webhook stored';
  return [...lines.filter(isRequest), ...lines.filter((line) => !isRequest(line))];
}

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
    await send(legacyBody('a'));
    await follow(1, ...stored, failed, 'delivered');

    handler.answers.push(503, 503);
    await send(legacyBody('b'));
    await follow(2, ...stored, failed, 'dead letter');
    await runCommand('replay', '--status', 'dead', '--config', config);
    await follow(2, ...stored, failed, 'dead letter', 'delivered');

    await send(legacyBody('c', { status: 'archived' }));
    await follow(3, 'webhook stored', 'webhook quarantined');
    configured({ archived: 'extraction.processed' });
    await runCommand('quarantine', 'retry', '3', '--config', config);
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
