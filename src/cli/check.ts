import type { Command } from 'commander';
import { createExamine } from '../convert/examine.js';
import { printable } from '../printable.js';
import { isShared } from '../store/open.js';
import { checkStore } from './check-store.js';
import { destinationFindings, type Findings, findingsText, isGood, sourceFindings } from './check-view.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { probe } from './probe.js';
import { jsonDocument, publicUrl } from './text.js';
import { configOf } from './with-store.js';

interface CheckOptions extends ConfigOption, JsonOption {
  readonly probe?: boolean;
}

export function addCheck(program: Command, run: Run): void {
  const command = program
    .command('check')
    .description('check the configuration, the schemas, the secrets and the store; sends no webhook')
    .option('--probe', 'also ask each destination whether it answers (a HEAD request, no webhook)')
    .action((options: CheckOptions) => run((io) => check(options, io)));
  withExamples(
    withJson(withConfig(command)),
    'webhook-shim check',
    'webhook-shim check --probe --config /etc/shim.yaml',
  );
}

async function check(options: CheckOptions, io: Io): Promise<ExitStatus> {
  const { config, file, warnings } = configOf(options, io);
  createExamine(config); // compiles every schema
  const destinations = config.destinations.map(async (destination) =>
    destinationFindings(destination, options.probe === true ? await probe(destination) : null),
  );
  const findings: Findings = {
    file,
    warnings,
    sources: config.sources.map(sourceFindings),
    destinations: await Promise.all(destinations),
    store: {
      url: isShared(config.store.url) ? publicUrl(withoutUser(config.store.url)) : config.store.url,
      ...(await checkStore(config.store, io)),
    },
  };
  const good = isGood(findings);
  if (options.json === true) {
    io.stdout.write(jsonDocument({ ok: good, ...findings }));
  } else {
    io.stdout.write(findingsText(findings));
    for (const warning of warnings) writeLine(io.stdout, `\nwarning: ${printable(warning)}`);
    writeLine(
      io.stdout,
      good ? `\n${printable(file)} is good.` : '\nNot everything is good: see FAILED above.',
    );
  }
  return good ? 0 : 1;
}

/** Whatever is in the password, a `?` too, and where the host is not in the URL but behind it, as that of a socket. */
const withoutUser = (url: string): string => url.replace(/\?(?=\w+=).*$/s, '').replace(/\/\/.*@/s, '//');
