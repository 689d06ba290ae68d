import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const USER_PROGRAM = `
import { createShim, normalize, sign, toLegacy, verify, RequestError } from 'extracta-webhook-shim';
import type { Event, Normalized, Shim } from 'extracta-webhook-shim';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const received: string[] = [];
const handler = createServer(async (request, response) => {
  received.push(await text(request));
  response.end();
  handler.emit('received');
});
const arrived = once(handler, 'received');
handler.listen(0, '127.0.0.1');
await once(handler, 'listening');
const handlerUrl = 'http://127.0.0.1:' + (handler.address() as AddressInfo).port;
const secret = 'E_AI_K_c2VjcmV0';
const result = JSON.stringify([{ extractionId: 'e', batchId: 'b', fileId: 'f', status: 'done', result: { total: 1 } }]);
const body = JSON.stringify({ result });
const normalized: Normalized = normalize(verify(body, sign(body, secret), [secret]));
if (normalized.outcome !== 'accepted') throw new Error(normalized.reason);
const [event] = normalized.events as readonly Event[];
let refused = 0;
try {
  verify(body, 'forged', secret);
} catch (error) {
  if (error instanceof RequestError) refused = error.status;
}

const shim: Shim = createShim(
  {
    server: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    store: { url: 'sqlite:shim.db' },
    log: { level: 'silent' },
    sources: [{ name: 'extracta', path: '/webhook', secrets: ['\${SECRET}'] }],
    destinations: [{ name: 'handler', url: handlerUrl }],
  },
  { env: { SECRET: secret } },
);
const { publicUrl } = await shim.start();
const answer = await fetch(publicUrl + '/webhook', {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-webhook-signature': sign(body, secret) },
  body,
});
await arrived;
await shim.stop();
handler.close();
handler.closeAllConnections();
console.log(JSON.stringify({ event, legacy: toLegacy(event!.body), refused, status: answer.status, received }));
`;

/** The files that a page leads to, as it names them. */
const linksOf = (page: string): readonly string[] =>
  [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, file = '']) => file);

describe('the package', () => {
  it('is usable, with its types, from an ESM project after npm pack and install', async () => {
    const folder = tempFolder({
      'package.json': JSON.stringify({ name: 'user', private: true, type: 'module' }),
      'program.ts': USER_PROGRAM,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          strict: true,
          outDir: 'out',
          types: ['node'],
          typeRoots: [join(root, 'node_modules/@types')],
        },
        files: ['program.ts'],
      }),
    });
    const run = (command: string, args: readonly string[], cwd = folder): string =>
      execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
    const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`]);
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.']);

    const said = JSON.parse(run(process.execPath, ['out/program.js'])) as Record<string, unknown>;
    expect(said).toMatchObject({
      event: { event: 'extraction.processed', id: expect.stringMatching(/^evt_/) },
      refused: 401,
      status: 200,
    });
    expect(said.received).toEqual([(said.event as { body: string }).body]);
    expect(run('npx', ['--no-install', 'webhook-shim', '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);

    const installed = join(folder, 'node_modules/extracta-webhook-shim');
    const links = linksOf(readFileSync(join(installed, 'README.md'), 'utf8'));
    expect(links).toContain('docs/upgrade.md');
    expect(links.filter((file) => !existsSync(join(installed, file)))).toEqual([]);
  }, 600_000);
});
