import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { MAIN, type Service, sendSigned, startService } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

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

const words = (line: string): readonly string[] => line.trim().split(/\s+/);

/** Somebody who follows the guide: a folder with a configuration, two handlers, and a service once it is started. */
class Reader {
  service: Service | null = null;
  printed = '';
  commands = 0;
  readonly #env = { ...process.env, EXTRACTA_WEBHOOK_SECRET: SECRET };
  readonly #config: string;

  constructor(
    private readonly folder: string,
    private readonly urls: { readonly old: string; readonly next: string },
  ) {
    mkdirSync(join(folder, 'config'));
    this.#config = join(folder, 'config/shim.yaml');
  }

  async follow(step: Step): Promise<void> {
    if (step.kind === 'yaml') return this.#configure(step.content);
    if (step.kind === 'text') return this.#compare(step.content);
    if (step.kind === 'vendor') return this.#vendor(step);
    for (const line of step.content.trim().split('\n')) await this.#type(line);
  }

  #loaded(): number {
    return this.service?.log.filter(({ msg }) => msg === 'configuration loaded anew').length ?? 0;
  }

  async #configure(destinations: string): Promise<void> {
    const before = this.#loaded();
    const lines = [
      'server: { host: 127.0.0.1, port: 0 }',
      'admin: { host: 127.0.0.1, port: 0 }',
      `sources: [{ name: extracta, path: /webhook, secrets: ["\${EXTRACTA_WEBHOOK_SECRET}"] }]`,
      destinations
        .replaceAll('http://127.0.0.1:4001/webhook', this.urls.old)
        .replaceAll('http://127.0.0.1:5000/hooks/extracta', this.urls.next),
    ];
    writeFileSync(this.#config, lines.join('\n'));
    if (this.service !== null) await eventually(() => expect(this.#loaded()).toBeGreaterThan(before));
  }

  async #vendor(step: Extract<Step, { kind: 'vendor' }>): Promise<void> {
    if (this.service === null) throw new Error('the vendor sends before the guide has started the service');
    await vendorSends(this.service, step);
    const paused = readFileSync(this.#config, 'utf8').includes('mode: paused');
    await eventually(async () => {
      const { output } = await this.#run('webhook-shim deliveries list --json --status pending');
      const { deliveries } = JSON.parse(output) as { deliveries: readonly { destination: string }[] };
      expect(deliveries.filter(({ destination }) => !(paused && destination === 'billing-old'))).toEqual([]);
    });
  }

  async #type(line: string): Promise<void> {
    this.commands++;
    if (line === 'webhook-shim serve') {
      this.service = await startService(this.#config, { cwd: this.folder, env: this.#env });
      return;
    }
    const { status, output } = await this.#run(line);
    const wanted = line.endsWith(' # exit 1') ? 1 : 0;
    expect([line, status, wanted === status ? '' : output]).toEqual([line, wanted, '']);
    this.printed = output;
  }

  /** The figures are those of the day it was written; the columns and the verdict are not. */
  #compare(shown: string): void {
    const [columns = ''] = shown.split('\n').filter((line) => /^[A-Z]{2,}[A-Z0-9 ,]*$/.test(line));
    const verdicts = shown.split('\n').filter((line) => /^(Ready|Not ready)/.test(line));
    for (const line of [columns, ...verdicts]) {
      expect([line, words(line).filter((word) => !this.printed.includes(word))]).toEqual([line, []]);
    }
  }

  #run(line: string): Promise<{ status: number; output: string }> {
    const args = line.replace(/ #.*$/, '').split(' ').slice(1);
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: this.#env };
      const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, output: stdout + stderr }),
      );
    });
  }
}

describe('the guide', () => {
  it('can be followed to the letter: every command in it runs, and prints what it shows', async () => {
    // `ready` holds the new handler's pace against the old one's, and of two quick ones either may be held up for once.
    const [old, next] = [await startHandler(500), await startHandler()];
    const reader = new Reader(tempFolder(), { old: old.url, next: next.url });
    for (const step of stepsOf(guide)) await reader.follow(step);
    expect(reader.commands).toBe(guide.match(/^webhook-shim .*$/gm)?.length);
    expect(old.received.length).toBeGreaterThan(35);
    expect(next.received.length).toBeGreaterThan(60);
  });
});
