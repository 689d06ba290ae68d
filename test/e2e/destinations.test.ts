import { expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import {
  legacyBody,
  runCommand,
  type Service,
  sendSigned,
  startService,
  writeConfig,
} from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };

async function send(service: Service, fileId: string): Promise<void> {
  expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody(fileId), SECRET)).toBe(200);
}

const command = (config: string, ...args: readonly string[]): Promise<string> =>
  runCommand('destinations', ...args, '--config', config);

it('is steered from the command line while it runs: paused, resumed, shown', async () => {
  const handler = await startHandler();
  const destination = { name: 'a', url: handler.url, ordered: 'file', rate: '100/s' };
  const config = writeConfig(tempFolder(), { sources: [source], destinations: [destination] });
  const service = await startService(config);
  await send(service, 'first');
  await eventually(() => expect(handler.received).toHaveLength(1));
  await command(config, 'pause', 'a', '--note', 'tonight');
  await send(service, 'second');
  await eventually(() =>
    expect(
      service.log.some(({ msg, note }) => msg === 'the destination is paused' && note === 'tonight'),
    ).toBe(true),
  );
  await eventually(async () =>
    expect(await command(config, 'list')).toMatch(/^a +live +1 .*by a person: tonight/m),
  );
  expect(handler.received).toHaveLength(1);
  await command(config, 'resume', 'a');
  await eventually(() => expect(handler.received).toHaveLength(2), 20);
});

it('keeps what waits for a destination that is taken out, until it is handed over', async () => {
  const [old, next] = [await startHandler(), await startHandler()];
  old.answers.push(...Array.from({ length: 1_000 }, () => 500));
  const folder = tempFolder();
  const config = writeConfig(folder, { sources: [source], destinations: [{ name: 'old', url: old.url }] });
  const service = await startService(config);
  await send(service, 'first');
  await eventually(() => expect(old.received.length).toBeGreaterThan(0));
  writeConfig(folder, { sources: [source], destinations: [{ name: 'next', url: next.url }] });
  await eventually(() => expect(service.log.some(({ msg }) => /loaded anew/.test(String(msg)))).toBe(true));
  await eventually(async () => expect(await command(config, 'list')).toMatch(/^old +orphaned +1 /m));
  await eventually(async () =>
    expect(await command(config, 'move', 'old', '--to', 'next')).toBe('1 delivery moved to next.\n'),
  );
  await eventually(() => expect(next.received[0]?.body).toContain('first'));
  expect(await command(config, 'list')).not.toContain('orphaned');
});
