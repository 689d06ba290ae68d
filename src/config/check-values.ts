import type { Draft, PathPattern } from './draft.js';
import { parseDuration } from './duration.js';
import { parseRate } from './rate.js';
import { parseSize } from './size.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Bounds that a schema cannot state of a text. */
const BOUNDS: readonly {
  readonly path: PathPattern;
  readonly parse: (text: string) => number | undefined;
  readonly min: number;
  readonly max: number;
  readonly say: string;
}[] = [
  { path: ['server', 'bodyLimit'], parse: parseSize, min: 1024, max: 100 * 1024 ** 2, say: '1kb to 100mb' },
  { path: ['destinations', '*', 'timeout'], parse: parseDuration, min: 1, max: HOUR, say: '1ms to 1h' },
  {
    path: ['destinations', '*', 'retry', 'schedule', '*'],
    parse: parseDuration,
    min: 0,
    max: 30 * DAY,
    say: '0 to 30d',
  },
  {
    path: ['destinations', '*', 'breaker', 'window'],
    parse: parseDuration,
    min: 1,
    max: DAY,
    say: '1ms to 1d',
  },
  {
    path: ['destinations', '*', 'breaker', 'cooldown'],
    parse: parseDuration,
    min: 1,
    max: DAY,
    say: '1ms to 1d',
  },
  {
    path: ['destinations', '*', 'rate'],
    parse: (text) => parseRate(text)?.count,
    min: 1,
    max: 100_000,
    say: '1 to 100000 a second, minute or hour',
  },
  { path: ['store', 'retention'], parse: parseDuration, min: HOUR, max: 3650 * DAY, say: '1h to 3650d' },
  {
    path: ['store', 'statementTimeout'],
    parse: parseDuration,
    min: 1_000,
    max: HOUR,
    say: '1s to 1h',
  },
  { path: ['sources', '*', 'dedupWindow'], parse: parseDuration, min: 0, max: 3650 * DAY, say: '0 to 3650d' },
];

export function checkBounds(draft: Draft): void {
  for (const { path: pattern, parse, min, max, say } of BOUNDS) {
    for (const path of draft.expand(pattern)) {
      const text = draft.text(path);
      if (text === undefined) continue;
      const value = parse(text);
      if (value === undefined || value < min || value > max) draft.fault(path, `must be from ${say}`);
    }
  }
}

/** Two ports of one process cannot be the same, and the admin port is nobody else's business. */
export function checkPorts(draft: Draft): void {
  const port = draft.number(['admin', 'port']);
  if (port !== undefined && port !== 0 && port === draft.number(['server', 'port'])) {
    draft.fault(['admin', 'port'], 'is the port of "server" too, each needs its own');
  }
  const host = draft.text(['admin', 'host']);
  if (host === undefined || isLoopback(host) || draft.text(['admin', 'token'])) return;
  const remedy = draft.remedy(
    ['admin', 'token'],
    `set one, for example "\${SHIM_ADMIN_TOKEN}", or bind 127.0.0.1`,
  );
  draft.fault(['admin', 'token'], `is required where "admin.host" is not loopback: ${remedy}`);
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
