import { expect, it } from 'vitest';
import { takesShare } from '../../src/migration/share.js';
import { eventually, type Handler, startHandler } from '../support/handler.js';
import { legacyBody, type Service, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };

const bodyOf = (batchId: string): string => legacyBody(`f-${batchId}`, { batchId });
const send = async (service: Service, batches: readonly string[]): Promise<void> => {
  for (const batch of batches) {
    expect(await sendSigned(`${service.publicUrl}/webhook`, bodyOf(batch), SECRET)).toBe(200);
  }
};
const batchesAt = ({ received }: Handler): readonly string[] =>
  received.map(({ body }) => {
    const { result } = JSON.parse(body);
    return (typeof result === 'string' ? JSON.parse(result) : result)[0].batchId;
  });
const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

it('a running service takes another share and another mode, and each event goes its one way', async () => {
  const [next, old] = [await startHandler(), await startHandler()];
  const folder = tempFolder();
  const write = (share: number, mode: string): string =>
    writeConfig(folder, {
      sources: [source],
      destinations: [
        { name: 'next', url: next.url, share, alternative: 'old', mode, concurrency: 1 },
        { name: 'old', url: old.url, format: 'legacy' },
      ],
    });
  const service = await startService(write(20, 'live'));
  const loaded = () => service.log.filter(({ msg }) => msg === 'configuration loaded anew').length;
  /** Twice, since one that had begun before may have read the file as it was. */
  const reload = async (share: number, mode: string): Promise<void> => {
    write(share, mode);
    for (let round = 1; round <= 2; round++) {
      const before = loaded();
      service.process.kill('SIGHUP');
      await eventually(() => expect(loaded()).toBeGreaterThan(before));
    }
  };
  const arrivedInAll = (count: number) =>
    eventually(() => expect(next.received.length + old.received.length).toBe(count));

  const first = named('a', 20);
  await send(service, first);
  await arrivedInAll(20);
  expect([...batchesAt(next)].sort()).toEqual(first.filter((batch) => takesShare(batch, 'next', 20)).sort());

  await reload(70, 'live');
  const second = named('b', 20);
  await send(service, second);
  await arrivedInAll(40);
  const taken = second.filter((batch) => takesShare(batch, 'next', 70));
  expect(batchesAt(next)).toEqual(expect.arrayContaining(taken));
  expect(batchesAt(old)).toEqual(expect.arrayContaining(second.filter((batch) => !taken.includes(batch))));
  expect(old.received.map(({ body }) => body)).toEqual(batchesAt(old).map(bodyOf));

  const before = next.received.length;
  await reload(100, 'paused');
  const third = named('c', 20);
  await send(service, third);
  const stored = () => service.log.filter(({ msg }) => msg === 'event stored').length;
  await eventually(() => expect(stored()).toBe(60));
  expect(next.received).toHaveLength(before);
  await reload(100, 'live');
  await arrivedInAll(60);
  expect(batchesAt(next).slice(before)).toEqual(third);
  expect(await service.stop()).toBe(0);
});
