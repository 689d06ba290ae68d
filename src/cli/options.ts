import { type Command, InvalidArgumentError } from 'commander';

export interface ConfigOption {
  readonly config?: string;
}

export interface JsonOption {
  readonly json?: boolean;
}

/** Every command takes `--config`. */
export const withConfig = (
  command: Command,
  description = 'configuration file (default: $SHIM_CONFIG, else config/shim.yaml)',
): Command => command.option('--config <file>', description);

/** Every command that prints a table takes `--json`. */
export const withJson = (command: Command): Command =>
  command.option('--json', 'print one JSON document instead');

export const withExamples = (command: Command, ...examples: readonly string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);

/** A parser for commander: a whole number within bounds. */
export const wholeNumber =
  (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** A row's number, as the tables show it. */
export const rowId = wholeNumber(1);

/** For arguments that may be given several times. */
export const rowIds = (text: string, before: readonly number[] = []): readonly number[] => [
  ...before,
  rowId(text),
];
