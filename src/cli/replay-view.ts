import type { Reconversion } from '../convert/reconversion.js';
import type { Difference } from '../migration/diff.js';
import { printable, printableJson } from '../printable.js';
import { type Io, type Writer, writeLine } from './io.js';
import type { Replayed } from './replay-run.js';
import { count } from './text.js';

export interface ReplayTotal {
  readonly added: number;
  readonly spared: number;
  readonly failed: number;
}

/** Prints as it goes: a run may be long. */
export interface ReplayPrinter {
  each(replayed: Replayed): void;
  end(total: ReplayTotal): void;
}

export function replayPrinter(
  options: { readonly json?: boolean; readonly dryRun?: boolean },
  io: Pick<Io, 'stdout' | 'program'>,
): ReplayPrinter {
  const dryRun = options.dryRun === true;
  return options.json === true ? jsonPrinter(io.stdout, dryRun) : textPrinter(io, dryRun);
}

/** Whether a delivery is made, none is needed, or one is wanted and cannot be. */
export function kindOf({ outcome }: Replayed): keyof ReplayTotal {
  if (outcome === 'added') return 'added';
  return outcome === 'waiting' || outcome === 'delivered' ? 'spared' : 'failed';
}

function textPrinter({ stdout, program }: Pick<Io, 'stdout' | 'program'>, dryRun: boolean): ReplayPrinter {
  return {
    each: (replayed) => {
      const { event, destination, reconversion } = replayed;
      const to = destination === null ? '' : ` to ${printable(destination)}`;
      const today = reconversion === null ? '' : `; ${reconversionText(reconversion)}`;
      const said = `${outcomeText(replayed, dryRun)}${today}`;
      writeLine(stdout, `event ${event.id} ${printable(event.event)}${to}: ${said}`);
      for (const line of reconversion === null ? [] : detailLines(reconversion)) {
        writeLine(stdout, `  ${line}`);
      }
    },
    end: ({ added, spared, failed }) => {
      if (added + spared + failed === 0) {
        writeLine(stdout, 'Nothing to replay.');
        return;
      }
      const made = `${count(added, 'delivery', 'deliveries')} ${dryRun ? 'would be made' : 'made'}`;
      const rest = [
        ...(spared > 0 ? [`${spared} not needed`] : []),
        ...(failed > 0 ? [`${failed} not possible`] : []),
      ];
      writeLine(stdout, `${[made, ...rest].join(', ')}.`);
      if (added > 0 && !dryRun) {
        writeLine(stdout, `They are sent while the service runs. Follow them: ${program} deliveries list`);
      }
    },
  };
}

function outcomeText({ event, outcome, deliveryId }: Replayed, dryRun: boolean): string {
  const number = deliveryId === null ? '' : `, delivery ${deliveryId}`;
  switch (outcome) {
    case 'added':
      return dryRun ? 'would be delivered again' : `delivery ${deliveryId}`;
    case 'waiting':
      return `not made: one waits already${number}`;
    case 'delivered':
      return `not made: it was delivered there${number}`;
    case 'not_configured':
      return 'not made: the configuration has no such destination any more; say --to';
    case 'never_delivered':
      return event.duplicateOf === null
        ? 'not made: it had no such delivery; say --to'
        : `not made: it repeats event ${event.duplicateOf}, replay that one, or say --to`;
    case 'no_event':
      return 'not made: the event is no longer stored';
  }
}

function reconversionText(reconversion: Reconversion): string {
  switch (reconversion.outcome) {
    case 'same':
      return "today's conversion is the same";
    case 'different':
      return "today's conversion differs";
    case 'other_events':
      return `today's conversion makes ${reconversion.events.map(printable).join(', ') || 'no event'}`;
    case 'quarantined':
      return `today's conversion would quarantine it: ${reconversion.reason}`;
  }
}

function detailLines(reconversion: Reconversion): readonly string[] {
  if (reconversion.outcome === 'quarantined') return reconversion.errors.map(printable);
  if (reconversion.outcome !== 'different') return [];
  return reconversion.differences.map(({ path, legacy: sent, new: today }) =>
    printable(`${path || 'all'}: sent ${sent ?? 'nothing'}, today ${today ?? 'nothing'}`),
  );
}

/** One document, written piece by piece. */
function jsonPrinter(stdout: Writer, dryRun: boolean): ReplayPrinter {
  const head = `{\n  "dryRun": ${dryRun},\n  "deliveries": [`;
  let isBegun = false;
  return {
    each: (replayed) => {
      const item = printableJson(JSON.stringify(replayedJson(replayed)));
      stdout.write(`${isBegun ? ',' : head}\n    ${item}`);
      isBegun = true;
    },
    end: ({ added, spared, failed }) => {
      const close = `],\n  "added": ${added},\n  "spared": ${spared},\n  "failed": ${failed}\n}\n`;
      stdout.write(`${isBegun ? '\n  ' : head}${close}`);
    },
  };
}

const replayedJson = ({ event, destination, outcome, deliveryId, reconversion }: Replayed) => ({
  eventId: event.id,
  webhookId: event.messageId,
  event: event.event,
  destination,
  outcome,
  deliveryId,
  ...(reconversion === null ? {} : { today: reconversionJson(reconversion) }),
});

const reconversionJson = (reconversion: Reconversion) =>
  reconversion.outcome === 'different'
    ? { outcome: reconversion.outcome, differences: reconversion.differences.map(differenceJson) }
    : reconversion;

/** `kind` is `missing` where only what was sent has it, `extra` where only today's has it. */
const differenceJson = ({ path, kind, legacy: sent, new: today }: Difference) => ({
  path,
  kind,
  sent,
  today,
});
