import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { legacyBody, runCommand, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const WRONG = 'E_AI_K_as-it-was-mistyped';
const RIGHT = 'E_AI_K_as-the-vendor-has-it';

describe('webhooks that were refused since the secret was mistyped', () => {
  it('are delivered by the running service once it was corrected', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const configured = (secret: string): string =>
      writeConfig(folder, {
        sources: [{ name: 'extracta', path: '/webhook', secrets: [secret], keepRefused: 100 }],
        destinations: [{ name: 'billing', url: handler.url }],
      });
    const config = configured(WRONG);
    const service = await startService(config);
    const url = `${service.publicUrl}/webhook`;
    for (const id of ['a', 'b']) expect(await sendSigned(url, legacyBody(id), RIGHT)).toBe(401);
    const stranger = { 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers: stranger, body: legacyBody('x') })).status).toBe(401);
    await eventually(async () => {
      const { refused, counts } = JSON.parse(
        await runCommand('refused', 'list', '--json', '--config', config),
      );
      expect(refused.map(({ kept }: { kept: boolean }) => kept)).toEqual([false, true, true]);
      expect(counts.map(({ reason, count }: { reason: string; count: number }) => [reason, count])).toEqual([
        ['no_signature', 1],
        ['wrong_signature', 2],
      ]);
    });

    configured(RIGHT);
    service.process.kill('SIGHUP');
    // Not by sending until it is taken: what came before would be refused, and kept as well.
    await eventually(() => expect(service.log.map(({ msg }) => msg)).toContain('configuration loaded anew'));
    expect(await sendSigned(url, legacyBody('c'), RIGHT)).toBe(200);
    const said = await runCommand('refused', 'retry', '--all', '--config', config);
    expect(said).toMatch(/\n2 webhooks stored\.\n$/);
    await eventually(() => expect(handler.received).toHaveLength(3));
    expect(handler.received.map((each) => JSON.parse(each.body).result[0].fileId).sort()).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('are recorded when the service stops', async () => {
    const folder = tempFolder();
    const config = writeConfig(folder, {
      sources: [{ name: 'extracta', path: '/webhook', secrets: [RIGHT] }],
      destinations: [],
    });
    const service = await startService(config);
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('a'), WRONG)).toBe(401);
    expect(await service.stop()).toBe(0);
    const { refused } = JSON.parse(await runCommand('refused', 'list', '--json', '--config', config));
    expect(refused).toMatchObject([
      { reason: 'wrong_signature', kept: false, path: '/webhook', size: legacyBody('a').length },
    ]);
  });
});
