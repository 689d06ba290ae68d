import { expect, it } from 'vitest';
import { createTurns } from '../../src/http/turns.js';

it('lets one go on in each turn of the event loop, in their order, whenever they came', async () => {
  let turn = 0;
  let ended = false;
  const count = (): void => {
    turn++;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  const wait = createTurns();
  const gone: { name: string; turn: number }[] = [];
  const go = async (name: string): Promise<void> => {
    await wait();
    gone.push({ name, turn });
  };

  await Promise.all([go('first'), go('second'), go('third').then(() => go('later')), go('fourth')]);
  ended = true;

  expect(gone.map(({ name }) => name)).toEqual(['first', 'second', 'third', 'fourth', 'later']);
  expect(new Set(gone.map((each) => each.turn)).size).toBe(5);
});
