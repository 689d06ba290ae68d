import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { signBody } from '../../src/formats/request-body.js';

/** The built command: what a user runs. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Service {
  readonly publicUrl: string;
  readonly adminUrl: string;
  readonly process: ChildProcess;
  /** The log so far, a parsed line each. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the exit status, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Writes a configuration, with ports that are free, into a folder that the test has made. */
export function writeConfig(folder: string, config: object): string {
  const file = join(folder, 'shim.json');
  const standard = {
    server: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'shim.db')}` },
    log: { level: 'debug' },
  };
  writeFileSync(file, JSON.stringify({ ...standard, ...config }));
  return file;
}

/** Runs `serve` with a configuration file until the test ends. */
export async function startService(
  configFile: string,
  {
    role = 'all',
    ...options
  }: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly role?: 'all' | 'ingest' | 'work';
  } = {},
): Promise<Service> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--role', role, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const stop = (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> => {
    child.kill(signal);
    return exited;
  };
  onTestFinished(async () => {
    await stop('SIGKILL');
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const log: Record<string, unknown>[] = [];
  const urls = await new Promise<readonly string[]>((resolve, reject) => {
    const found: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      log.push(entry);
      if (typeof entry.url === 'string') found.push(entry.url);
      // One that only works has no public port.
      if (found.length === (role === 'work' ? 1 : 2)) resolve(role === 'work' ? ['', ...found] : found);
    });
    void exited.then((status) => reject(new Error(`serve ended with ${status}: ${errors}`)));
  });
  const [publicUrl = '', adminUrl = ''] = urls;
  return { publicUrl, adminUrl, process: child, log, exited, stop };
}

/** Runs a command to its end. @returns its standard output @throws where it fails */
export const runCommand = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [MAIN, ...args])).stdout;

/** A legacy request body with one file, which is told from others by its number and, where it matters, by more. */
export const legacyBody = (fileId: string, more: object = {}): string =>
  JSON.stringify({
    result: JSON.stringify([
      { extractionId: 'e', batchId: 'b', fileId, status: 'processed', result: { n: 1 }, ...more },
    ]),
  });

/** Sends a request body as the vendor would. @returns the HTTP status */
export async function sendSigned(url: string, body: string, secret: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-signature': signBody(body, secret) },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}
