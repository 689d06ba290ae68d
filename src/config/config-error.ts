import { UsageError } from '../errors.js';

export interface ConfigFault {
  /** As it was named: by `--config`, `SHIM_CONFIG` or the default. */
  readonly file: string;
  /** From 1; 0 where the file itself is at fault. */
  readonly line: number;
  /** From 1; 0 where the file itself is at fault. */
  readonly column: number;
  /** `destinations[0].timeout`; empty where it is the whole file. */
  readonly path: string;
  /** What is wrong and what is allowed. Never the value itself: it may be a secret. */
  readonly message: string;
}

/** All that is wrong with a configuration, in the order of the file: one fault a line of the message. */
export class ConfigError extends UsageError {
  constructor(readonly faults: readonly ConfigFault[]) {
    super('config_invalid', faults.map(formatFault).join('\n'));
  }
}

/** `file:line:column path: what is wrong, what is allowed` */
function formatFault({ file, line, column, path, message }: ConfigFault): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return path === '' ? `${place}: ${message}` : `${place} ${path}: ${message}`;
}
