import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { startConvertThread } from '../../src/thread/start-convert-thread.js';
import { eventually } from '../support/handler.js';
import { type MigrationHandler, startMigrationHandler } from '../support/migration-handler.js';
import { type Service, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_bWlncmF0aW9uLXNlY3JldA';

/** One upload: every fourth has a file that failed, so that it is two events. */
interface Upload {
  readonly legacy: string;
  readonly news: readonly string[];
  /** `status:fileId` */
  readonly files: readonly string[];
}

let uploads = 0;
function upload(): Upload {
  const number = ++uploads;
  const batchId = `batch-${number}`;
  const file = (fileId: string, status: string) => ({
    extractionId: 'invoice',
    batchId,
    fileId,
    status,
    result: { total: number, lines: [1, 2.5] },
  });
  const processed = [file(`${number}-a`, 'processed'), file(`${number}-b`, 'processed')];
  const failed = number % 4 === 0 ? [file(`${number}-c`, 'failed')] : [];
  const asNew = (event: string, result: readonly object[]): readonly string[] =>
    result.length === 0 ? [] : [JSON.stringify({ event, result })];
  return {
    legacy: JSON.stringify({ result: JSON.stringify([...processed, ...failed]) }),
    news: [...asNew('extraction.processed', processed), ...asNew('extraction.failed', failed)],
    files: [...processed, ...failed].map(({ status, fileId }) => `${status}:${fileId}`),
  };
}

/** Sends uploads as the vendor would, several at a time; in both formats in any order. @returns all their files */
async function sendUploads(
  service: Service,
  count: number,
  formats: readonly ('legacy' | 'new')[],
): Promise<readonly string[]> {
  const sent = Array.from({ length: count }, upload);
  const bodies = sent.flatMap(({ legacy, news }) => {
    const all = [...(formats.includes('legacy') ? [legacy] : []), ...(formats.includes('new') ? news : [])];
    return all.toSorted(() => randomInt(2) - 0.5);
  });
  const next = bodies[Symbol.iterator]();
  const sender = async (): Promise<void> => {
    for (const body of next) expect(await sendSigned(`${service.publicUrl}/webhook`, body, SECRET)).toBe(200);
  };
  await Promise.all(Array.from({ length: 8 }, sender));
  return sent.flatMap(({ files }) => files);
}

/** Runs a command against the running service's store, at a time that may be later than now. */
async function command(
  configFile: string,
  line: string,
  later = 0,
): Promise<{ status: number; text: string }> {
  let text = '';
  const writer = {
    write: (more: string | Uint8Array): void => {
      text += Buffer.from(more).toString();
    },
  };
  const status = await runCli([...line.split(' '), '--config', configFile], {
    program: 'webhook-shim',
    stdout: writer,
    stderr: writer,
    stdin: (async function* () {})(),
    env: {},
    cwd: process.cwd(),
    colors: false,
    now: () => Date.now() + later,
    stopRequested: () => new Promise(() => undefined),
    onReload: () => () => undefined,
    startConvertThread,
  });
  return { status, text };
}

describe('a migration', () => {
  it('gives six handlers, each in its own state of the move, exactly what is meant for each', async () => {
    const [oldLive, newLive, shadow, paused, shareNew, shareOld] = (await Promise.all(
      (['legacy', 'new', 'new', 'legacy', 'new', 'legacy'] as const).map((format) =>
        startMigrationHandler(format, SECRET),
      ),
    )) as [
      MigrationHandler,
      MigrationHandler,
      MigrationHandler,
      MigrationHandler,
      MigrationHandler,
      MigrationHandler,
    ];
    const folder = tempFolder();
    const retry = { schedule: ['0s', '100ms'], attempts: 200 };
    const breaker = { cooldown: '500ms' };
    const write = (pausedMode: string, share: number): string =>
      writeConfig(folder, {
        log: { level: 'info' },
        sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
        destinations: [
          { name: 'old-live', url: oldLive.url, format: 'legacy', retry },
          { name: 'new-live', url: newLive.url, retry, breaker },
          { name: 'shadow', url: shadow.url, mode: 'shadow' },
          { name: 'paused', url: paused.url, format: 'legacy', mode: pausedMode, concurrency: 1, retry },
          { name: 'share-new', url: shareNew.url, share, alternative: 'share-old', retry },
          { name: 'share-old', url: shareOld.url, format: 'legacy', retry },
        ],
      });
    const config = write('paused', 30);
    const service = await startService(config);
    const reloads = (): number => service.log.filter(({ msg }) => msg === 'configuration loaded anew').length;
    const reload = async (pausedMode: string, share: number): Promise<void> => {
      const before = reloads();
      write(pausedMode, share);
      service.process.kill('SIGHUP');
      await eventually(() => expect(reloads()).toBeGreaterThan(before));
    };

    // The vendor is on the legacy format.
    const files = [...(await sendUploads(service, 40, ['legacy']))];
    expect((await command(config, 'ready --matched 50 --quiet-for 90s')).status).toBe(1);
    const legacyAlone = Date.now();

    // It sends both; a handler breaks and comes back; the share is raised.
    const bothSince = new Date().toISOString();
    shadow.status = 500;
    const firstBoth = sendUploads(service, 60, ['legacy', 'new']);
    newLive.status = 503;
    files.push(...(await firstBoth));
    await reload('paused', 60);
    const both = [...(await sendUploads(service, 60, ['legacy', 'new']))];
    files.push(...both);
    newLive.status = 200;
    const bothUntil = new Date().toISOString();

    // It sends the new format alone; the paused one is resumed.
    files.push(...(await sendUploads(service, 40, ['new'])));
    await reload('live', 60);

    const arrived = (handler: MigrationHandler): readonly string[] => [...handler.files.keys()].sort();
    const all = files.toSorted();
    await eventually(() => {
      expect(arrived(oldLive)).toEqual(all);
      expect(arrived(newLive)).toEqual(all);
      expect(arrived(paused)).toEqual(all);
      expect([...arrived(shareNew), ...arrived(shareOld)].sort()).toEqual(all);
    }, 60);
    await eventually(async () => {
      const { text } = await command(config, 'deliveries list --json --limit 1 --status pending');
      expect((JSON.parse(text) as { deliveries: unknown[] }).deliveries).toEqual([]);
    });

    // Once each, under one id at whichever handler, and signed so that each one's documented check accepts it.
    for (const handler of [oldLive, newLive, paused, shareNew, shareOld]) {
      expect(handler.refused).toBe(0);
      const repeated = [...handler.files].filter(([, arrivals]) => arrivals.length !== 1);
      expect(repeated).toEqual([]);
    }
    const idsByFile = new Map<string, Set<string>>();
    for (const handler of [newLive, shareNew]) {
      for (const [file, arrivals] of handler.files) {
        const ids = idsByFile.get(file) ?? new Set();
        for (const { webhookId } of arrivals) ids.add(webhookId);
        idsByFile.set(file, ids);
      }
    }
    expect([...idsByFile.values()].filter((ids) => ids.size !== 1)).toEqual([]);

    // A batch goes one way, and both ways are used.
    const batchesOf = (handler: MigrationHandler): ReadonlySet<string> =>
      new Set([...handler.files.keys()].map((file) => /\d+/.exec(file)?.[0] ?? ''));
    const [taken, rest] = [batchesOf(shareNew), batchesOf(shareOld)];
    expect([...taken].filter((batch) => rest.has(batch))).toEqual([]);
    expect(taken.size).toBeGreaterThan(20);
    expect(rest.size).toBeGreaterThan(20);

    // What was kept came in the order of arrival: as the live handler's events are numbered.
    const order = [...paused.files].toSorted(([, [a]], [, [b]]) => (a?.at ?? 0) - (b?.at ?? 0));
    const { text: listed } = await command(
      config,
      'deliveries list --json --limit 10000 --destination paused',
    );
    const rows = (JSON.parse(listed) as { deliveries: { id: number; webhookId: string }[] }).deliveries;
    const made = new Map(rows.map(({ webhookId, id }) => [webhookId, id]));
    const numbers = order.map(([, [arrival]]) => made.get(arrival?.webhookId ?? '') ?? 0);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));

    // The shadow got each event once, failed, and cost nobody anything.
    const { text: shadows } = await command(
      config,
      'deliveries list --json --limit 10000 --destination shadow',
    );
    const shadowRows = (JSON.parse(shadows) as { deliveries: { status: string; attempts: number }[] })
      .deliveries;
    expect(shadow.requests).toBe(shadowRows.length);
    expect(shadowRows.every(({ attempts }) => attempts === 1)).toBe(true);
    expect(new Set(shadowRows.map(({ status }) => status))).toEqual(new Set(['delivered', 'missed']));

    // Both formats said the same of all that came in both.
    const parity = await command(config, `parity --since ${bothSince} --until ${bothUntil} --json`, 120_000);
    const matched = (JSON.parse(parity.text) as { matched: number }).matched;
    expect(JSON.parse(parity.text)).toMatchObject({ legacyOnly: 0, newOnly: 0, different: 0, waiting: 0 });
    expect(matched).toBe(60 * 2 + 60 * 2 + 30);

    // Safe once enough matched and the new format came without legacy alone for the time asked for; not a moment before.
    const ready = (quietFor: string): Promise<{ status: number; text: string }> =>
      command(config, `ready --matched 200 --quiet-for ${quietFor} --json`, 120_000);
    const facts = (JSON.parse((await ready('1d')).text) as { sources: Record<string, string>[] }).sources[0];
    const [alone, last] = [Date.parse(facts?.lastLegacyOnlyAt ?? ''), Date.parse(facts?.lastNewAt ?? '')];
    expect(alone).toBeLessThanOrEqual(legacyAlone);
    expect(last).toBeGreaterThan(legacyAlone);
    const tooEarly = await ready(`${last - alone + 1}ms`);
    expect(tooEarly.status).toBe(1);
    expect(tooEarly.text).toContain('legacy_only');
    expect((await ready(`${last - alone}ms`)).status).toBe(0);
    expect(await service.stop()).toBe(0);
  });
});
