import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { eventually, startHandler } from '../support/handler.js';
import { MAIN, sendSigned, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
/** Far more lines than a pipe holds. */
const COUNT = 800;
const AT_ONCE = 50;

const legacy = (fileId: string): string =>
  JSON.stringify({
    result: JSON.stringify([{ extractionId: 'e', batchId: 'b', fileId, status: 'done', result: {} }]),
  });

/** Serves with a standard output that takes nothing, or not for long, and sees that all is as ever. */
async function serveInto(stdout: number | 'pipe', format: 'json' | 'pretty'): Promise<void> {
  const handler = await startHandler();
  const port = await freePort();
  const file = writeConfig(tempFolder(), {
    server: { host: '127.0.0.1', port },
    sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
    destinations: [{ name: 'handler', url: handler.url }],
    log: { level: 'debug', format },
  });
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    stdio: ['ignore', stdout, 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await eventually(() => fetch(`http://127.0.0.1:${port}/healthz`));
  for (let sent = 0; sent < COUNT; sent += AT_ONCE) {
    const ids = Array.from({ length: AT_ONCE }, (_, index) => String(sent + index));
    const sending = ids.map((id) => sendSigned(`http://127.0.0.1:${port}/webhook`, legacy(id), SECRET));
    expect(new Set(await Promise.all(sending))).toEqual(new Set([200]));
  }
  await eventually(() => expect(handler.received).toHaveLength(COUNT));
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

it.each(['json', 'pretty'] as const)('serves while its log (%s) is on a full disk', async (format) => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  await serveInto(full, format);
});

it.each(['json', 'pretty'] as const)('serves while nobody reads its log (%s)', async (format) => {
  await serveInto('pipe', format);
});
