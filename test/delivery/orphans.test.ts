import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createOrphans } from '../../src/delivery/orphans.js';
import { handlerOf, many, until } from './handler.js';
import { destinationAt, Setup } from './setup.js';

const NOWHERE = 'http://127.0.0.1:1/';

let setup: Setup;
beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

const at = (name: string, url = NOWHERE) => destinationAt(url, { name, mode: 'paused' });
const said = (): readonly string[] => setup.log.lines.filter((line) => line.includes('not configured'));

it('is told of at the start, with its name, its size and what to do', async () => {
  await setup.add(...many(3, 'old-crm'), ...many(1, 'billing'));
  setup.dispatch(at('billing'));
  await until(() => said().length > 0);
  expect(said()).toEqual([expect.stringContaining('{"destination":"old-crm","count":3,"more":false}')]);
  expect(said()[0]).toContain('destinations move or discard');
});

it('is told of once when a destination is taken out, and once more when it was back meanwhile', async () => {
  await setup.add(...many(2, 'old-crm'));
  const both = setup.configOf(at('billing'), at('old-crm'));
  const dispatcher = setup.dispatch(...both.destinations);
  dispatcher.configure(setup.configOf(at('billing')));
  await until(() => said().length === 1);
  await setup.add(...many(1, 'billing'));
  dispatcher.configure(setup.configOf(at('another')));
  await until(() => said().length === 2);
  dispatcher.configure(both);
  dispatcher.configure(setup.configOf(at('billing')));
  await until(() => said().length === 3);
  expect(said()).toMatchObject(
    [/"old-crm","count":2/, /"billing","count":1/, /"old-crm","count":2/].map((line) =>
      expect.stringMatching(line),
    ),
  );
});

it('is not told of where the rest was just being sent', async () => {
  const held: ServerResponse[] = [];
  const { url } = await handlerOf(setup, (response) => held.push(response));
  await setup.add(...many(1, 'old-crm'));
  const dispatcher = setup.dispatch(destinationAt(url, { name: 'old-crm' }));
  await until(() => held.length === 1);
  dispatcher.configure(setup.configOf(at('billing')));
  await setup.add(...many(1, 'older'));
  held[0]?.end();
  await until(() => said().length === 1);
  expect(said()[0]).toContain('"older","count":1');
});

it('is told of once the store works', async () => {
  await setup.add(...many(1, 'old-crm'));
  setup.broken.add('listBacklogs');
  setup.dispatch(at('billing'));
  await until(() => setup.failures > 1);
  setup.broken.clear();
  await until(() => said().length === 1);
});

it('holds up no stop while the store does not work', async () => {
  let looks = 0;
  const orphans = createOrphans({
    store: {
      listBacklogs: async () => {
        looks++;
        throw new Error('the disk is gone');
      },
    },
    log: setup.log,
    isConfigured: () => false,
    firstBackoff: 3_600_000,
  });
  orphans.look();
  await until(() => setup.log.lines.length === 1);
  // If it waited for the hour, or for the store, the test would not come to its end.
  await orphans.stop();
  expect(looks).toBe(1);
});

it('is looked for by one look at a time, and by none after the stop', async () => {
  const gates: (() => void)[] = [];
  await setup.add(...many(1, 'old-crm'));
  const orphans = createOrphans({
    store: {
      listBacklogs: async (limit) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return setup.store.listBacklogs(limit);
      },
    },
    log: setup.log,
    isConfigured: () => false,
    firstBackoff: 5,
  });
  orphans.look();
  orphans.look();
  await new Promise(setImmediate);
  expect(gates).toHaveLength(1);
  let stopped = false;
  const stopping = orphans.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  expect(stopped).toBe(false);
  gates[0]?.();
  await stopping;
  expect(gates).toHaveLength(1);
  expect(said()).toHaveLength(1);
});
