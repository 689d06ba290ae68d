import { type Command, Option } from 'commander';
import { ShimError } from '../errors.js';
import { DELIVERY_STATES, type DeliveryState, type Fault } from '../model.js';
import type { DeliveryDetail } from '../store/rows.js';
import { attemptText, deliveryColumns, deliveryDetailJson, deliveryJson, modeText } from './delivery-view.js';
import type { ExitStatus, Io, Run } from './io.js';
import {
  onlyGiven,
  type PageOptions,
  type PeriodOptions,
  periodOf,
  printPage,
  withPage,
  withPeriod,
} from './list-options.js';
import { checkDestination, checkNumber } from './names.js';
import { type ConfigOption, type JsonOption, rowId, withConfig, withExamples, withJson } from './options.js';
import { fields } from './table.js';
import { isoSeconds, jsonDocument } from './text.js';
import { withStore, withStoreIfAny } from './with-store.js';

interface ListOptions extends ConfigOption, JsonOption, PageOptions, PeriodOptions {
  readonly status?: DeliveryState;
  readonly destination?: string;
  readonly fault?: Fault;
  readonly event?: number;
}

type ShowOptions = ConfigOption & JsonOption;

export function addDeliveries(program: Command, run: Run): void {
  const deliveries = program.command('deliveries').description('what was sent, and what came of it');

  const list = deliveries
    .command('list')
    .description('deliveries, the newest first')
    .addOption(new Option('--status <status>', 'only in this state').choices(DELIVERY_STATES))
    .option('--destination <name>', 'only to this destination')
    .addOption(
      new Option(
        '--fault <whose>',
        'only where the last attempt failed by the fault of the shim, or of the destination',
      ).choices(['shim', 'destination']),
    )
    .option('--event <id>', 'only of the event with this number', rowId)
    .action((options: ListOptions) => run((io) => listDeliveries(options, io)));
  withExamples(
    withJson(withConfig(withPeriod(withPage(list)))),
    'webhook-shim deliveries list --status dead',
    'webhook-shim deliveries list --fault shim',
    'webhook-shim deliveries list --destination billing --since 1d --json',
  );

  const show = deliveries
    .command('show')
    .description('one delivery, with each attempt: time, status, error, answer')
    .argument('<id>', 'its number', rowId)
    .action((id: number, options: ShowOptions) => run((io) => showDelivery(id, options, io)));
  withExamples(withJson(withConfig(show)), 'webhook-shim deliveries show 7');
}

async function listDeliveries(options: ListOptions, io: Io): Promise<ExitStatus> {
  const { status, destination, fault, event, limit, before } = options;
  const filter = {
    ...periodOf(options, io.now()),
    ...onlyGiven({ status, destination, fault, eventId: event, before }),
  };
  const rows = await withStoreIfAny(options, io, async (store, config) => {
    await checkDestination(destination, store, config, '--destination');
    const found = (await store?.listDeliveries({ ...filter, limit })) ?? [];
    if (found.length === 0) {
      await checkNumber('event', event, store?.getEvent.bind(store));
      await checkNumber('delivery', before, store?.getDelivery.bind(store));
    }
    return found;
  });
  const none = (): string =>
    Object.keys(filter).length > 0
      ? 'No such deliveries.'
      : `No deliveries yet: they are made when an event arrives. See: ${io.program} events list`;
  printPage(rows, { name: 'deliveries', json: deliveryJson, columns: deliveryColumns, none }, options, io);
  return 0;
}

async function showDelivery(id: number, options: ShowOptions, io: Io): Promise<ExitStatus> {
  return withStore<ExitStatus>(options, io, 'read', async (store) => {
    const delivery = await store.getDelivery(id);
    if (delivery === null) throw new ShimError('not_found', `there is no delivery ${id}`);
    const text = options.json === true ? jsonDocument(deliveryDetailJson(delivery)) : deliveryText(delivery);
    io.stdout.write(text);
    return 0;
  });
}

function deliveryText(delivery: DeliveryDetail): string {
  const head = fields([
    ['id', delivery.id],
    ['event', `${delivery.eventId} ${delivery.event}`],
    ['webhook-id', delivery.messageId],
    ['destination', delivery.destination],
    ['mode', modeText(delivery)],
    ['status', delivery.status],
    ['reason', delivery.reason],
    ['fault', delivery.fault === null ? null : FAULT_TEXT[delivery.fault]],
    ['went without', delivery.afterDead === null ? null : `delivery ${delivery.afterDead}, a dead letter`],
    ['created', `${isoSeconds(delivery.createdAt)}${delivery.replayed ? ' (a replay)' : ''}`],
    ['next attempt', delivery.dueAt === null ? null : isoSeconds(delivery.dueAt)],
    ['ended', delivery.endedAt === null ? null : isoSeconds(delivery.endedAt)],
    ['attempts', delivery.attempts],
  ]);
  const attempts = delivery.attemptRows.map((attempt, index) => attemptText(attempt, index + 1));
  return [head, ...attempts].join('\n');
}

/** Who has to act. */
const FAULT_TEXT: Readonly<Record<Fault, string>> = {
  shim: 'of the shim: it was not sent; the reason says what to mend here, then replay it',
  destination: 'of the destination: the handler, or the way to it',
};
