import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { legacyBody, MAIN, type Service, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

/** Each where the configuration has it; none occurs by chance. */
const SECRETS = {
  source: 'E_AI_K_secret-of-the-source',
  second: 'E_AI_K_secret-of-another-day',
  destination: 'E_AI_K_secret-of-the-destination',
  standard: `whsec_${Buffer.from('a standard secret of some length').toString('base64')}`,
  header: 'Bearer secret-in-a-header',
  token: 'secret-token-of-the-admin',
  query: 'secret-in-the-query',
  password: 'secret-of-the-database',
};

/** In full, and without what stands before it. */
const NEEDLES = Object.values(SECRETS).flatMap((secret) => [
  secret,
  secret.replace(/^(E_AI_K_|whsec_|Bearer )/, ''),
]);

function expectNoSecret(text: string, where: string): void {
  for (const needle of NEEDLES) expect([where, text.includes(needle)]).toEqual([where, false]);
}

const configOf = (url: string, more: object = {}) => ({
  log: { level: 'trace' },
  admin: { host: '127.0.0.1', port: 0, token: SECRETS.token },
  sources: [
    { name: 'extracta', path: '/webhook', secrets: [SECRETS.source, SECRETS.second], keepRefused: 10 },
  ],
  destinations: [
    {
      name: 'billing',
      url: `${url}?key=${SECRETS.query}`,
      secret: SECRETS.destination,
      standardSecret: SECRETS.standard,
      headers: { authorization: SECRETS.header },
      retry: { schedule: ['0s', '50ms'], attempts: 2 },
    },
    {
      name: 'nobody',
      url: 'http://127.0.0.1:1/',
      headers: { 'x-key': SECRETS.header },
      retry: { attempts: 1 },
    },
    { name: 'shadow', url: 'https://127.0.0.1:1/', secret: SECRETS.destination, mode: 'shadow' },
  ],
  ...more,
});

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

/** One of each kind, good and bad. */
async function sendTraffic({ publicUrl, adminUrl, log }: Service): Promise<void> {
  const url = `${publicUrl}/webhook`;
  for (const [body, secret] of [
    [legacyBody('a'), SECRETS.source],
    [legacyBody('b'), SECRETS.second],
    [legacyBody('c', { status: 'archived' }), SECRETS.source],
    [legacyBody('d'), 'E_AI_K_wrong'],
  ] as const) {
    await sendSigned(url, body, secret);
  }
  const post = (headers: Record<string, string>, body: string) =>
    fetch(url, { method: 'POST', headers, body });
  const answers = await Promise.all([
    post({ 'content-type': 'text/plain' }, 'x'),
    post({ 'content-type': 'application/json' }, '{'),
    fetch(`${adminUrl}/metrics`),
    fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${SECRETS.token}x` } }),
    fetch(`${adminUrl}/readyz`),
  ]);
  for (const answer of answers) expectNoSecret(await answer.text(), answer.url);
  await eventually(() => {
    const said = log.map(({ msg }) => msg);
    expect(said.filter((each) => each === 'dead letter').length).toBeGreaterThanOrEqual(2);
    expect(said).toEqual(expect.arrayContaining(['delivered', 'a shadow missed it', 'webhook quarantined']));
  });
}

describe('secrets', () => {
  it('are sent, and are in no log, no metric, no table and no output', async () => {
    const handler = await startHandler();
    handler.answers.push(500);
    const folder = tempFolder();
    const config = writeConfig(folder, configOf(handler.url));
    const service = await startService(config);
    await sendTraffic(service);
    expect(handler.received[0]?.headers.authorization).toBe(SECRETS.header);

    const headers = { authorization: `Bearer ${SECRETS.token}` };
    const page = await (await fetch(`${service.adminUrl}/metrics`, { headers })).text();
    expect(page).toContain('shim_secret_last_used_seconds{source="extracta",secret="1"}');
    expectNoSecret(page, '/metrics');

    writeConfig(folder, configOf(handler.url, { destinations: [{ name: SECRETS.header }] }));
    service.process.kill('SIGHUP');
    await eventually(() => expect(service.log.at(-1)?.level).toBe('error'));
    writeConfig(folder, configOf(handler.url));
    expect(await service.stop()).toBe(0);
    expectNoSecret(JSON.stringify(service.log), 'the log');

    for (const args of [
      'stats',
      'check --probe',
      'events list',
      'events show 1',
      'deliveries list',
      'deliveries show 1',
      'quarantine list',
      'quarantine show 3',
      'refused list',
      'refused retry --all',
      'parity',
      'ready',
    ]) {
      const { stdout, stderr } = run(...args.split(' '), '--config', config);
      expect([args, stdout === '']).toEqual([args, false]);
      expectNoSecret(stdout + stderr, args);
    }
    for (const name of readdirSync(folder).filter((each) => each.startsWith('shim.db'))) {
      expectNoSecret(readFileSync(join(folder, name), 'latin1'), name);
    }
  });

  it('are in no error, whatever is wrong with the configuration or the store', () => {
    const folder = tempFolder();
    const url = `postgres://user:${SECRETS.password}@127.0.0.1:1/shim`;
    const faulty = [
      { store: { url } },
      { store: { url: url.replace('postgres', 'mysql') } },
      {
        sources: [{ name: 'a', path: '/a', secrets: [`${SECRETS.source} `, SECRETS.source, SECRETS.source] }],
      },
      {
        destinations: [
          {
            name: 'b',
            url: `ftp://user:${SECRETS.password}@127.0.0.1/`,
            secret: ` ${SECRETS.destination}`,
            standardSecret: SECRETS.standard.slice(0, -2),
            headers: { authorization: `${SECRETS.header}\n`, 'webhook-id': SECRETS.header },
          },
        ],
      },
    ];
    for (const more of faulty) {
      const config = writeConfig(folder, configOf('http://127.0.0.1:1/', more));
      for (const command of ['serve', 'check', 'stats']) {
        const { status, stdout, stderr } = run(command, '--config', config);
        expect([command, status === 0, `${stdout}${stderr}` === '']).toEqual([command, false, false]);
        expectNoSecret(stdout + stderr, `${command} ${JSON.stringify(Object.keys(more))}: ${stderr}`);
      }
    }
  });
});
