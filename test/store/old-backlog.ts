import type { Route } from '../../src/model.js';
import type { Store } from '../../src/store/store.js';
import { accept, claim, dead, delivered, event, file, only, routeTo, T0 } from './samples.js';

const part = (name: string, destinations: readonly Route[], files = [file(name)]) =>
  event({
    event: `extraction.${name}`,
    body: `{"event":"extraction.${name}","result":[]}`,
    files,
    destinations,
  });

/** A webhook of two events that go to the destinations; its files are its own. */
const twoTo = (store: Store, name: string, processed: readonly Route[], failed: readonly Route[]) =>
  accept(store, [
    part('processed', processed, [file(`${name} a`)]),
    part('failed', failed, [file(`${name} b`)]),
  ]);

const both = (store: Store, name: string, overrides: Partial<Route> = {}) =>
  twoTo(store, name, [routeTo(name, overrides)], [routeTo(name, overrides)]);

const again = (store: Store, destination: string, eventIds: readonly number[]) =>
  store.addDeliveries(
    eventIds.map((eventId) => ({
      eventId,
      destination,
      mode: 'live',
      unlessDelivered: false,
      oncePerWebhook: false,
    })),
    T0,
  );

/** Whether what waits stands for its webhook, by destination, once a backlog of `leaveBacklog` was brought up to date. */
export const BROUGHT_UP_TO_DATE: Readonly<Record<string, readonly boolean[]>> = {
  'both wait': [false, false],
  'one is being sent': [false, false],
  'the other arrived': [false],
  'both are sent again': [false, false],
  'the other repeats an older one': [false],
  'one of one': [true],
  'in the old format': [true],
  'the other was not for it': [true],
  'the last of many was not for it': Array<boolean>(7).fill(true),
  'the other was given up': [true],
  'the other was a shadow’s': [true],
  'one is sent again': [true],
};

/** Makes a backlog; the version before said of all of it that it stands for its webhook. */
export async function leaveBacklog(store: Store): Promise<void> {
  const settleFirst = async (name: string, settle: typeof delivered | typeof dead) =>
    store.settle([settle(only(await claim(store, T0, name, 1)))]);

  await both(store, 'both wait');
  await both(store, 'one is being sent');
  await claim(store, T0, 'one is being sent', 1);
  await both(store, 'the other arrived');
  await settleFirst('the other arrived', delivered);
  const sent = await both(store, 'both are sent again');
  await settleFirst('both are sent again', dead);
  await settleFirst('both are sent again', dead);
  await again(
    store,
    'both are sent again',
    sent.events.map(({ id }) => id),
  );
  await accept(store, [part('processed', [])]);
  const repeating = await accept(store, [part('processed', []), part('failed', [])]);
  await again(store, 'the other repeats an older one', [repeating.events[1]?.id ?? 0]);
  await accept(store, [event({ destinations: ['one of one'] })]);
  await both(store, 'in the old format', { oncePerWebhook: true });
  await twoTo(store, 'filtered', [routeTo('the other was not for it')], []);
  const many = Array.from({ length: 8 }, (_, index) => index);
  await accept(
    store,
    many.map((index) =>
      part(`part_${index}`, index < 7 ? [routeTo('the last of many was not for it')] : [], [
        file(`many ${index}`),
      ]),
    ),
  );
  await both(store, 'the other was given up');
  await settleFirst('the other was given up', dead);
  await twoTo(
    store,
    'shadow',
    [routeTo('the other was a shadow’s', { mode: 'shadow' })],
    [routeTo('the other was a shadow’s')],
  );
  await settleFirst('the other was a shadow’s', delivered);
  const one = await both(store, 'one is sent again');
  await settleFirst('one is sent again', delivered);
  await settleFirst('one is sent again', delivered);
  await again(store, 'one is sent again', [one.events[1]?.id ?? 0]);
}

export async function wholeByDestination(store: Store, now: number): Promise<Record<string, boolean[]>> {
  const found: Record<string, boolean[]> = {};
  for (const name of Object.keys(BROUGHT_UP_TO_DATE)) {
    found[name] = (await claim(store, now, name)).map(({ whole }) => whole);
  }
  return found;
}
