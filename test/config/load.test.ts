// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { UsageError } from '../../src/errors.js';
import { compileSchema } from '../../src/schemas.js';
import { faultsOf, load } from '../support/config.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_b3VyLW93bi1zZWNyZXQ';
const MINIMAL = `
sources: [{ name: extracta, path: /webhook, secrets: ["\${EXTRACTA_WEBHOOK_SECRET}"] }]
destinations: [{ name: handler, url: "\${HANDLER_URL}" }]
`;
const env = { EXTRACTA_WEBHOOK_SECRET: SECRET, HANDLER_URL: 'http://127.0.0.1:5000/hooks' };

describe('loadConfig', () => {
  it('fills in every default', () => {
    const { config, warnings } = load(MINIMAL, { env });
    expect(config).toEqual({
      server: { host: '0.0.0.0', port: 4000, bodyLimit: 10 * 1024 * 1024 },
      admin: { host: '127.0.0.1', port: 4010, token: null },
      store: {
        url: 'sqlite:data/shim.db',
        retention: 30 * 24 * 3_600_000,
        connections: 10,
        statementTimeout: 30_000,
      },
      log: { level: 'info', format: 'json' },
      sources: [
        {
          name: 'extracta',
          path: '/webhook',
          secrets: [SECRET],
          format: 'auto',
          dedupWindow: 24 * 3_600_000,
          statuses: {
            processed: 'extraction.processed',
            completed: 'extraction.processed',
            done: 'extraction.processed',
            failed: 'extraction.failed',
            error: 'extraction.failed',
          },
          inferEdited: false,
          keepRefused: 0,
          contracts: [],
        },
      ],
      destinations: [
        {
          name: 'handler',
          url: 'http://127.0.0.1:5000/hooks',
          sources: ['extracta'],
          events: ['*'],
          when: null,
          format: 'new',
          mode: 'live',
          share: 100,
          alternative: null,
          secret: null,
          standardSecret: null,
          headers: {},
          timeout: 15_000,
          concurrency: 16,
          rate: null,
          ordered: null,
          breaker: { failures: 10, window: 60_000, cooldown: 30_000 },
          retry: {
            attempts: 10,
            schedule: [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map((s) => s * 1000),
            jitter: 0.2,
          },
          tls: null,
          proxy: null,
        },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it('reads all that this release builds', () => {
    const { config } = load(
      `
server: { host: 127.0.0.1, port: 0, bodyLimit: 64KB }
admin: { host: 0.0.0.0, port: "\${ADMIN_PORT}", token: "\${file:token}" }
store: { url: "sqlite:/var/lib/shim.db" }
log: { level: debug, format: pretty }
sources:
  - name: a
    path: /a
    secrets: [${SECRET}, older-one]
    format: legacy
    dedupWindow: 0
    statuses: { Finished: extraction.confirmed, ERROR: extraction.edited }
  - { name: b, path: /b/c, secrets: [another], inferEdited: false }
destinations:
  - name: one
    url: https://example.com
    sources: [b]
    events: [extraction.processed, "extraction.*", "*"]
    when: { required: [event] }
    secret: its-own
    standardSecret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    headers: { Authorization: "Bearer \${TOKEN:-none}" }
    timeout: 500ms
    concurrency: 1
    retry: { attempts: 3, schedule: [0, 5m], jitter: 0 }
    format: legacy
    mode: shadow
    share: 12.5
    alternative: two
    rate: 600/m
    ordered: batch
    breaker: { failures: 0, cooldown: 5m }
  - { name: two, url: "http://[::1]:1/x?y=z", retry: { schedule: [0s, 1s] } }
`,
      { env: { ADMIN_PORT: '4999' }, files: { token: 'the-token-of-the-admin\n' } },
    );
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 0, bodyLimit: 65_536 },
      admin: { host: '0.0.0.0', port: 4999, token: 'the-token-of-the-admin' },
      store: { url: 'sqlite:/var/lib/shim.db' },
      log: { level: 'debug', format: 'pretty' },
    });
    expect(config.sources[0]).toMatchObject({
      secrets: [SECRET, 'older-one'],
      format: 'legacy',
      dedupWindow: 0,
      statuses: {
        finished: 'extraction.confirmed',
        error: 'extraction.edited',
        done: 'extraction.processed',
      },
    });
    expect(config.destinations[0]).toEqual({
      name: 'one',
      url: 'https://example.com/',
      sources: ['b'],
      events: ['extraction.processed', 'extraction.*', '*'],
      when: { required: ['event'] },
      format: 'legacy',
      mode: 'shadow',
      share: 12.5,
      alternative: 'two',
      secret: 'its-own',
      standardSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      headers: { authorization: 'Bearer none' },
      timeout: 500,
      concurrency: 1,
      rate: { count: 600, per: 60_000 },
      ordered: 'batch',
      breaker: { failures: 0, window: 60_000, cooldown: 300_000 },
      retry: { attempts: 3, schedule: [0, 300_000], jitter: 0 },
      tls: null,
      proxy: null,
    });
    expect(config.destinations[1]).toMatchObject({
      sources: ['a', 'b'],
      retry: { attempts: 2, schedule: [0, 1000], jitter: 0.2 },
    });
  });

  it('gives the same for YAML and JSON', () => {
    const value = {
      $schema: 'https://example.com/config.schema.json',
      sources: [{ name: 'extracta', path: '/webhook', secrets: ['${EXTRACTA_WEBHOOK_SECRET}'] }],
      destinations: [{ name: 'handler', url: '${HANDLER_URL}' }],
    };
    const text = `\uFEFF${JSON.stringify(value, null, '\t')}`;
    expect(load(text, { env }).config).toEqual(load(MINIMAL, { env }).config);
  });

  it('is frozen through and through, plain data, and made anew each time', () => {
    const text = MINIMAL.replace('_URL}" }', '_URL}", when: { required: [event] } }');
    const { config } = load(text, { env });
    expect(config.destinations[0]?.when).toEqual({ required: ['event'] });
    const open: unknown[] = [config];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      expect(Object.isFrozen(value)).toBe(true);
      open.push(
        ...Object.values(value as object).filter((each) => typeof each === 'object' && each !== null),
      );
    }
    expect(structuredClone(config)).toEqual(config);
    expect(load(MINIMAL, { env }).config.destinations).not.toBe(config.destinations);
  });

  it('warns of what is allowed and hardly meant', () => {
    expect(load(MINIMAL.replace(/destinations.*/, 'destinations: []'), { env }).warnings).toEqual([
      'there are no destinations: events are kept and go nowhere',
    ]);
    const text = `
sources: [{ name: a, path: /a, secrets: [aaa1] }, { name: b, path: /b, secrets: [bbb1] }]
destinations: [{ name: d, url: "http://x", sources: [a], events: [extraction.proccessed, invoice.paid] }]`;
    expect(load(text).warnings).toEqual([
      'no destination takes the events of source b',
      'destination d takes extraction.proccessed: is extraction.processed meant?',
    ]);
    const split = (old: string) =>
      load(`
sources: [{ name: a, path: /a, secrets: [aaa1] }, { name: b, path: /b, secrets: [bbb1] }]
destinations:
  - { name: d, url: "http://x", sources: [a], share: 50, alternative: old }
  - { name: old, url: "http://y"${old} }`).warnings;
    expect(split('')).toEqual(['no destination takes the events of source b']);
    expect(split(', sources: [a]')).toHaveLength(1);
    expect(split(', sources: [a], events: [extraction.failed]')).toContain(
      'destination old gets the rest of what d takes and nothing else: its own sources, events and when do nothing',
    );
  });

  it('warns of what a split leaves out: its alternative is not given that either', () => {
    const split = (filters: string, old = '', more = '') =>
      load(`
sources: [{ name: a, path: /a, secrets: [aaa1] }]
destinations:
  - { name: d, url: "http://x", ${filters} share: 50, alternative: old }
  - { name: old, url: "http://y"${old} }${more}`).warnings;
    const warning =
      'destination old gets the rest of what d takes and nothing else: what the events and when of d leave out goes to neither';
    expect(split('events: [extraction.processed],')).toEqual([warning]);
    expect(split('when: { required: [event] },')).toEqual([warning]);
    expect(split('')).toEqual([]);
    expect(split('events: [extraction.processed],', ', events: [extraction.processed]')).toEqual([]);
    expect(split('events: [extraction.processed],', '', '\n  - { name: rest, url: "http://z" }')).toEqual([]);
    const rest = (filters: string) => `\n  - { name: rest, url: "http://z", ${filters} }`;
    const others = rest('events: [extraction.failed, extraction.edited, extraction.confirmed]');
    expect(split('events: [extraction.processed],', '', others)).toEqual([]);
    expect(split('events: ["extraction.*"],')).toEqual([]);
    expect(split('when: { required: [event] },', '', rest('when: { not: { required: [event] } }'))).toEqual(
      [],
    );
    // One that takes all of another source takes nothing of this one.
    expect(
      load(`
sources: [{ name: a, path: /a, secrets: [aaa1] }, { name: b, path: /b, secrets: [bbb1] }]
destinations:
  - { name: d, url: "http://x", sources: [a], events: [extraction.processed], share: 50, alternative: old }
  - { name: old, url: "http://y" }
  - { name: b, url: "http://z", sources: [b] }`).warnings,
    ).toEqual([warning]);
  });
});

describe('the environment', () => {
  it('is joined by .env, which never overrides it', () => {
    const files = {
      '.env': `# comment\nEXTRACTA_WEBHOOK_SECRET="${SECRET}"\nHANDLER_URL=http://from-dotenv/\n`,
    };
    expect(load(MINIMAL, { files }).config.destinations[0]?.url).toBe('http://from-dotenv/');
    const both = load(MINIMAL, {
      files,
      env: { HANDLER_URL: 'http://from-env/', EXTRACTA_WEBHOOK_SECRET: undefined },
    });
    expect(both.config.destinations[0]?.url).toBe('http://from-env/');
    expect(both.config.sources[0]?.secrets).toEqual([SECRET]);
  });

  it('can inject no structure', () => {
    const nasty = 'x"], admin: { token: "y" }, z: [ "';
    const { config } = load(MINIMAL, { env: { ...env, EXTRACTA_WEBHOOK_SECRET: nasty } });
    expect(config.sources[0]?.secrets).toEqual([nasty]);
    expect(config.admin.token).toBeNull();
    // With a line break it is no secret, and nothing else is read from it.
    const broken = nasty.replace(']', '\n]');
    expect(faultsOf(MINIMAL, { env: { ...env, EXTRACTA_WEBHOOK_SECRET: broken } })).toEqual([
      expect.stringMatching(/secrets\[0\]: has a line break, .* in it: set EXTRACTA_WEBHOOK_SECRET$/),
    ]);
  });

  it('gives numbers where numbers belong, and text where text does', () => {
    const text = MINIMAL.replace('handler', '"${DIGITS}"').concat('server: { port: "${PORT:-4001}" }');
    const { config } = load(text, { env: { ...env, DIGITS: '42' } });
    expect(config.server.port).toBe(4001);
    expect(config.destinations[0]?.name).toBe('42');
  });

  it('fills in no keys', () => {
    expect(faultsOf(`${MINIMAL}"\${LOG}": {}`, { env: { ...env, LOG: 'log' } })).toEqual([
      expect.stringContaining('["${LOG}"]: is not a known key'),
    ]);
  });

  it('does not take what objects inherit for a variable', () => {
    expect(faultsOf(MINIMAL.replace('HANDLER_URL', 'constructor'), { env })).toEqual([
      expect.stringContaining('constructor is not set'),
    ]);
  });
});

describe('the file', () => {
  it('missing: says how to name or make one', () => {
    const cwd = tempFolder();
    const loading = () => loadConfig({ file: 'config/shim.yaml', env, cwd });
    expect(loading).toThrow(ConfigError);
    expect(loading).toThrow(UsageError);
    expect(loading).toThrow(
      /^config\/shim\.yaml: does not exist; .*--config.*SHIM_CONFIG.*config\/shim\.yaml/,
    );
  });

  it('unreadable, a folder, too large or not text: says so', () => {
    const cwd = tempFolder({
      large: '#'.repeat(1024 * 1024 + 1),
      latin: Buffer.from([0x61, 0xe4]),
      locked: 'a: 1',
    });
    mkdirSync(join(cwd, 'folder'));
    chmodSync(join(cwd, 'locked'), 0);
    const message = (file: string) => {
      try {
        loadConfig({ file, env, cwd });
        return 'loaded';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message('large')).toBe('large: is larger than 1 MiB');
    expect(message('folder')).toBe('folder: is a folder, not a file');
    expect(message('latin')).toBe('latin: is not UTF-8 text');
    // Root reads what it likes, and then it is a fault of its content.
    if (process.getuid?.() !== 0) expect(message('locked')).toMatch(/cannot be read: .*permission/);
  });

  it('is found by an absolute path too, and named as it was given', () => {
    const cwd = tempFolder({ 'a/shim.yaml': 'nope: 1' });
    const file = join(cwd, 'a/shim.yaml');
    expect(() => loadConfig({ file, env, cwd: '/' })).toThrow(`${file}:1:1 nope: `);
    const there = tempFolder({ 'b/shim.yaml': MINIMAL });
    expect(loadConfig({ file: 'b/shim.yaml', env, cwd: there }).file).toBe(join(there, 'b/shim.yaml'));
  });

  it('of another shape than a map is refused', () => {
    expect(faultsOf('[]')).toEqual(['shim.yaml:1:1: must be a map of keys, is a list']);
    expect(faultsOf('')).toEqual(['shim.yaml:1:1: is empty']);
  });

  it('with a broken .env says so', () => {
    const cwd = tempFolder({ 'shim.yaml': MINIMAL });
    mkdirSync(join(cwd, '.env'));
    expect(() => loadConfig({ file: 'shim.yaml', env, cwd })).toThrow('.env: is a folder, not a file');
  });
});

describe('when', () => {
  const withWhen = (when: string) => `
sources: [{ name: a, path: /a, secrets: [aaa1] }]
destinations: [{ name: d, url: "http://x", when: ${when} }]`;
  const event = (extractionId: string) => ({ event: 'extraction.processed', result: [{ extractionId }] });

  it('is self-contained once loaded, whatever files it names', () => {
    const { config } = load(withWhen('{ $ref: "./schemas/when.json" }'), {
      files: {
        'schemas/when.json': JSON.stringify({
          $id: 'https://example.com/its-own-id.json',
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          properties: { result: { contains: { $ref: 'parts/file.yaml#/$defs/ours' }, const: undefined } },
          examples: [{ $ref: 'is-data.json' }],
        }),
        'schemas/parts/file.yaml': `
$defs: { ours: { required: [extractionId], properties: { extractionId: { $ref: "#/$defs/id" } } }, id: { const: ours }, back: { $ref: ../when.json } }`,
      },
    });
    const when = config.destinations[0]?.when ?? false;
    const check = compileSchema(structuredClone(when));
    expect(check(event('ours'))).toEqual([]);
    expect(check(event('theirs'))).not.toEqual([]);
  });

  it('is left as it is where it names no file', () => {
    const { config } = load(withWhen('{ $ref: "#/$defs/a", $defs: { a: true } }'));
    expect(config.destinations[0]?.when).toEqual({ $ref: '#/$defs/a', $defs: { a: true } });
    expect(load(withWhen('false')).config.destinations[0]?.when).toBe(false);
  });

  it.each([
    ['{ propertes: {} }', {}, 'unknown keyword: "propertes"'],
    ['{ type: objekt }', {}, '/type must be equal to one of the allowed values'],
    ['{ pattern: "(" }', {}, 'Invalid regular expression'],
    ['{ $ref: "#/$defs/x" }', {}, "can't resolve reference #/$defs/x"],
    ['{ $ref: "https://example.com/x.json" }', {}, "can't resolve reference https://example.com/x.json"],
    ['{ $ref: ./x.json }', {}, 'does not exist'],
    ['{ $ref: ./x.json }', { 'x.json': '{"a": [1,' }, /x\.json:1:\d+ is not YAML/],
    ['{ $ref: ./x.json }', { 'x.json': '[]' }, 'holds no JSON Schema'],
    ['{ $ref: ./x.json }', { 'x.json': '{"typ": 1}' }, 'unknown keyword: "typ"'],
    [
      '{ $ref: ./x.json }',
      { 'x.json': '{"$schema": "http://json-schema.org/draft-07/schema#"}' },
      'has another "$schema"',
    ],
    ['{ $ref: ./x.json }', { 'x.json': '{"$ref": "y.json"}' }, /y\.json does not exist/],
    ['{ $async: true }', {}, '"$async" is not supported'],
    ['[]', {}, 'must be a map of keys or true or false, is a list'],
  ])('%s is refused where it stands', (when, files, message) => {
    const [fault, ...more] = faultsOf(withWhen(when), { files });
    expect(fault).toMatch(/^shim\.yaml:3:50 destinations\[0\]\.when: /);
    expect(fault).toMatch(message);
    expect(more).toEqual([]);
  });
});
