import { type DestinationStream, type LogFn, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogLevel } from '../config/config.js';
import { printableJson, printableJsonStrings } from '../printable.js';
import { openLogOutput } from './log-output.js';

const STANDARD_OUTPUT = 1;

/** What the parts write to: one object of fields, then a sentence. */
export interface Log {
  readonly debug: LogFn;
  readonly info: LogFn;
  readonly warn: LogFn;
  readonly error: LogFn;
  readonly fatal: LogFn;
}

/** Nothing of ours logs these; the net is for a field that slips in. */
const REDACTED = ['secret', 'secrets', 'standardSecret', 'token', 'authorization', 'headers', 'signature'];

/**
 * The structured log: JSON lines, or coloured ones for a person, on standard output. Each line is written before the
 * call returns, so that a crash takes none with it, and both threads can write.
 */
export function createLog(
  options: { readonly level: LogLevel; readonly format: 'json' | 'pretty' },
  destination?: DestinationStream,
): Log {
  const standardOutput = (): DestinationStream => {
    const output = openLogOutput(STANDARD_OUTPUT, (lines) =>
      log.warn({ lines }, 'the log could not be written for a while: lines are missing'),
    );
    if (options.format === 'json') return output;
    const pretty = prettyFactory({ ignore: 'pid,hostname' });
    return { write: (line) => output.write(pretty(line)) };
  };
  const log: Log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // JSON escapes what is below U+0020 alone, and names and texts come from outside.
      hooks: { streamWrite: options.format === 'pretty' ? printableJsonStrings : printableJson },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination ?? standardOutput(),
  );
  return log;
}
