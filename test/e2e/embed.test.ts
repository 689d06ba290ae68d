import { describe, expect, it, onTestFinished } from 'vitest';
import { signBody } from '../../src/formats/request-body.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2VjcmV0';
const BODY = '{"result":"[]"}';

/** The built library: a shim finds its threads there. */
const { createShim } = (await import(
  new URL('../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.js');

const here = { host: '127.0.0.1', port: 0 };
const config = {
  server: here,
  admin: here,
  store: { url: 'sqlite:shim.db' },
  log: { level: 'silent' },
  sources: [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }],
  destinations: [],
};

const shimIn = (folder: string) => {
  const shim = createShim(config, { cwd: folder });
  onTestFinished(() => shim.stop());
  return shim;
};

const send = async (url: string | null, path = '/webhook'): Promise<number> => {
  const headers = { 'content-type': 'application/json', 'x-webhook-signature': signBody(BODY, SECRET) };
  return (await fetch(`${url}${path}`, { method: 'POST', headers, body: BODY })).status;
};

describe('an embedded shim', () => {
  it('goes on where it is started a second time', async () => {
    const shim = shimIn(tempFolder());
    const { publicUrl } = await shim.start();
    await expect(shim.start()).rejects.toMatchObject({ code: 'started_before' });
    expect(await send(publicUrl)).toBe(200);
  });

  it('starts once: after a stop another one takes its place', async () => {
    const folder = tempFolder();
    const shim = shimIn(folder);
    const { publicUrl } = await shim.start();
    await shim.stop();
    await shim.ended;
    await expect(shim.start()).rejects.toMatchObject({ code: 'started_before' });
    await expect(send(publicUrl)).rejects.toThrow();
    expect(await send((await shimIn(folder).start()).publicUrl)).toBe(200);
  });

  it('does not start where it was stopped before that', async () => {
    const shim = shimIn(tempFolder());
    await shim.stop();
    await expect(shim.start()).rejects.toMatchObject({ code: 'started_before' });
  });

  it('serves beside another one', async () => {
    const [one, other] = [shimIn(tempFolder()), shimIn(tempFolder())];
    const urls = [(await one.start()).publicUrl, (await other.start()).publicUrl];
    await one.stop();
    await expect(send(urls[0] ?? null)).rejects.toThrow();
    expect(await send(urls[1] ?? null)).toBe(200);
  });

  it('goes on with another configuration of the same kind, and with the one before where that is faulty', async () => {
    const shim = shimIn(tempFolder());
    const { publicUrl } = await shim.start();
    const moved = { ...config, sources: [{ name: 'extracta', path: '/moved', secrets: [SECRET] }] };
    expect(await shim.reload({ ...moved, admin: { ...here, port: 1 } })).toEqual(['admin']);
    expect(await send(publicUrl)).toBe(404);
    expect(await send(publicUrl, '/moved')).toBe(200);

    await expect(shim.reload({ ...moved, sources: [] })).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(shim.reload('missing.yaml')).rejects.toMatchObject({ code: 'config_invalid' });
    expect(await send(publicUrl, '/moved')).toBe(200);
  });
});
