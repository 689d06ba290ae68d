import { expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, converted, event, file, only, putOne, T0, unique } from '../samples.js';

/** More than are kept out of the indexes. */
const MANY = 70_000;

it('finds old events by content and by webhook-id once the late indexes have taken them in', async () => {
  const cwd = tempFolder();
  const first = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  const events = Array.from({ length: MANY }, (_, index) =>
    event({ destinations: [], files: [file(`${index}`)] }),
  );
  const webhookId = await putOne(first);
  const saved = only(await first.saveConversions([converted(webhookId, events)], T0)).events;
  expect(saved).toHaveLength(MANY);
  // Some that the indexes do not have yet.
  const recent = event({ files: [file('recent')] });
  const recentId = only((await accept(first, [recent])).events).id;

  const look = async (store: typeof first) => {
    for (const index of [0, 1, MANY / 2, MANY - 1]) {
      const original = saved[index];
      expect((await store.getEvent(original?.messageId ?? ''))?.id).toBe(original?.id);
      const repeat = await accept(store, [event({ files: [file(`${index}`)] })]);
      expect(only(repeat.events).duplicateOf).toBe(original?.id);
    }
    expect((await store.getEvent(recent.messageId))?.id).toBe(recentId);
    const repeat = await accept(store, [event({ files: [file('recent')] })]);
    expect(only(repeat.events).duplicateOf).toBe(recentId);
    const news = await accept(store, [event({ files: [file('0', unique('changed'))] })]);
    expect(only(news.events).duplicateOf).toBeNull();
  };
  await look(first);
  await first.close();
  const second = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  await look(second);
  await second.close();
});

it('sees what another process accepted meanwhile', async () => {
  const cwd = tempFolder();
  const service = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  await accept(service);
  const command = await openStore('sqlite:shim.db', { mode: 'share', cwd });
  const files = [file('a')];
  const original = only((await accept(command, [event({ files })])).events);
  expect(only((await accept(service, [event({ files })])).events).duplicateOf).toBe(original.id);
  await command.close();
  await service.close();
});
