import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../support/config.js';
import { eventually, startHandler } from '../support/handler.js';
import { MAIN, type Service, sendSigned, startService } from '../support/service.js';

const SECRET = 'E_AI_K_Z3VpZGUtc2VjcmV0';
const guide = readFileSync(new URL('../../docs/upgrade.md', import.meta.url), 'utf8');

type Step =
  | { readonly kind: 'yaml' | 'sh' | 'text'; readonly content: string }
  | { readonly kind: 'vendor'; readonly count: number; readonly formats: readonly ('legacy' | 'new')[] };

/** What the guide has its reader do, in order: blocks of code, and in comments what the vendor does meanwhile. */
function stepsOf(text: string): readonly Step[] {
  const found = text.matchAll(
    /^```(yaml|sh|text)\n([\s\S]*?)^```$|^<!-- vendor: (\d+) (legacy|new|both) -->$/gm,
  );
  return [...found].map(([, kind, content = '', count, formats]): Step => {
    if (kind === 'yaml' || kind === 'sh' || kind === 'text') return { kind, content };
    const both = ['legacy', 'new'] as const;
    return {
      kind: 'vendor',
      count: Number(count),
      formats: formats === 'both' ? both : [formats as 'legacy' | 'new'],
    };
  });
}

let files = 0;
async function vendorSends(service: Service, step: Extract<Step, { kind: 'vendor' }>): Promise<void> {
  for (let index = 0; index < step.count; index++) {
    const name = `f${++files}`;
    const result = [
      { extractionId: 'OXsMc1pD', batchId: name, fileId: name, status: 'processed', result: { n: files } },
    ];
    const bodies = {
      legacy: { result: JSON.stringify(result) },
      new: { event: 'extraction.processed', result },
    };
    for (const format of step.formats) {
      expect(await sendSigned(`${service.publicUrl}/webhook`, JSON.stringify(bodies[format]), SECRET)).toBe(
        200,
      );
    }
  }
}

const words = (line: string): string => line.trim().replace(/\s+/g, ' ');

describe('the guide', () => {
  it('can be followed to the letter: every command in it runs, and prints what it shows', async () => {
    const [old, next] = [await startHandler(), await startHandler()];
    const folder = tempFolder();
    mkdirSync(join(folder, 'config'));
    const env = { ...process.env, EXTRACTA_WEBHOOK_SECRET: SECRET };
    let service: Service | null = null;
    let printed = '';
    let commands = 0;

    const run = (line: string): Promise<{ status: number; output: string }> =>
      new Promise((resolve) => {
        const args = line.replace(/ #.*$/, '').split(' ').slice(1);
        const child = execFile(
          process.execPath,
          [MAIN, ...args],
          { cwd: folder, env },
          (_error, stdout, stderr) => resolve({ status: child.exitCode ?? -1, output: stdout + stderr }),
        );
      });
    const configure = async (destinations: string): Promise<void> => {
      const loaded = (): number =>
        service?.log.filter(({ msg }) => msg === 'configuration loaded anew').length ?? 0;
      const before = loaded();
      writeFileSync(
        join(folder, 'config/shim.yaml'),
        [
          'server: { host: 127.0.0.1, port: 0 }',
          'admin: { host: 127.0.0.1, port: 0 }',
          'sources: [{ name: extracta, path: /webhook, secrets: ["${EXTRACTA_WEBHOOK_SECRET}"] }]',
          destinations
            .replaceAll('http://127.0.0.1:4001/webhook', old.url)
            .replaceAll('http://127.0.0.1:5000/hooks/extracta', next.url),
        ].join('\n'),
      );
      if (service !== null) await eventually(() => expect(loaded()).toBeGreaterThan(before));
    };
    const settled = (): Promise<void> =>
      eventually(async () => {
        const { output } = await run('webhook-shim deliveries list --json --status pending');
        const waiting = JSON.parse(output) as {
          deliveries: readonly { destination: string; mode: string }[];
        };
        const paused = readFileSync(join(folder, 'config/shim.yaml'), 'utf8').includes('mode: paused');
        expect(
          waiting.deliveries.filter(({ destination }) => !(paused && destination === 'billing-old')),
        ).toEqual([]);
      });

    for (const step of stepsOf(guide)) {
      if (step.kind === 'yaml') await configure(step.content);
      else if (step.kind === 'vendor') {
        if (service === null) throw new Error('the vendor sends before the guide has started the service');
        await vendorSends(service, step);
        await settled();
      } else if (step.kind === 'sh') {
        for (const line of step.content.trim().split('\n')) {
          commands++;
          if (line === 'webhook-shim serve') {
            service = await startService(join(folder, 'config/shim.yaml'), { cwd: folder, env });
            continue;
          }
          const { status, output } = await run(line);
          const wanted = / # exit 1$/.test(line) ? 1 : 0;
          expect([line, status, wanted === status ? '' : output]).toEqual([line, wanted, '']);
          printed = output;
        }
      } else {
        // Its figures are those of the day it was written; its columns and its verdict are not.
        const lines = step.content
          .split('\n')
          .filter((line) => /^[A-Z]{2,}[A-Z0-9 ,]*$|^(Ready|Not ready)/.test(line));
        const columns = lines.slice(0, 1).concat(lines.filter((line) => /^(Ready|Not ready)/.test(line)));
        for (const line of columns) {
          const missing = words(line)
            .split(' ')
            .filter((word) => !printed.includes(word));
          expect([line, missing]).toEqual([line, []]);
        }
      }
    }
    expect(commands).toBe(guide.match(/^webhook-shim .*$/gm)?.length);
    expect(old.received.length).toBeGreaterThan(35);
    expect(next.received.length).toBeGreaterThan(60);
  }, 120_000);
});
