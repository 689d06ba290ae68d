import { expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { tempFolder } from '../../support/temp-folder.js';
import { converted, event, file, HOUR, only, putOne, routeTo, T0 } from '../samples.js';

it('accepts an event once where two connections save it at the same moment, one in each format', async () => {
  const cwd = tempFolder();
  const one = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  const other = await openStore('sqlite:shim.db', { mode: 'share', cwd });
  for (let round = 0; round < 50; round++) {
    const same = event({ files: [file(`f${round}`)], destinations: [routeTo('billing')] });
    const [legacy, modern] = [
      await putOne(one, { format: 'legacy' }),
      await putOne(other, { format: 'new' }),
    ];
    const saved = await Promise.all([
      one.saveConversions([converted(legacy, [same], T0 - HOUR)], T0),
      other.saveConversions([converted(modern, [same], T0 - HOUR)], T0),
    ]);
    const events = saved.map((conversions) => only(only(conversions).events));
    expect(events.filter(({ duplicateOf }) => duplicateOf === null)).toHaveLength(1);
    expect(events.map(({ deliveries }) => deliveries).toSorted()).toEqual([0, 1]);
  }
  expect(await one.listDeliveries({ limit: 1_000 })).toHaveLength(50);
  await other.close();
  await one.close();
});
