// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { formatPath, isWithin, type Path } from '../../src/config/path.js';
import { faultsOf, load } from '../support/config.js';

interface Mistake {
  readonly at: Path;
  /** undefined: the key is not there. */
  readonly value: unknown;
  readonly says: string | RegExp;
}

const mistake = (at: Path, value: unknown, says: string | RegExp): Mistake => ({ at, value, says });

const sound = () => ({
  server: {},
  admin: {},
  store: {},
  log: {},
  sources: [
    { name: 'one', path: '/one', secrets: ['E_AI_K_b25l'], statuses: {} },
    { name: 'two', path: '/two', secrets: ['E_AI_K_dHdv', 'E_AI_K_dGhyZWU'] },
  ],
  destinations: [
    { name: 'first', url: 'http://first.example', sources: ['one'], headers: {}, retry: {} },
    { name: 'second', url: 'http://second.example' },
  ],
});

const first = (...path: Path): Path => ['destinations', 0, ...path];
const second = (...path: Path): Path => ['destinations', 1, ...path];

/** One mistake each, and what is said of it. */
const MISTAKES: readonly Mistake[] = [
  // keys
  mistake(['sevrer'], {}, 'is not a known key; did you mean "server"?'),
  mistake(['zzz'], 1, 'is not a known key; known here are $schema, server, admin'),
  mistake(['log', 'Level'], 'info', 'did you mean "level"?'),
  mistake(first('time_out'), '15s', 'did you mean "timeout"?'),
  mistake(first('retry', 'shedule'), ['0s'], 'did you mean "schedule"?'),
  mistake(first('constructor'), 1, 'is not a known key'),
  mistake(first('__proto__'), 1, 'is not a known key'),
  mistake(second('url'), undefined, 'is missing; write for example "http://127.0.0.1:5000/hooks/extracta"'),
  mistake(['sources', 1, 'path'], undefined, 'is missing; write for example "/webhook"'),
  // types
  mistake(['server', 'host'], 1, 'is no host; write for example "0.0.0.0"'),
  mistake(['server', 'port'], '4000', 'must be a whole number, is text'),
  mistake(['server', 'port'], 4000.5, 'must be a whole number, is a number'),
  mistake(['server', 'port'], -1, 'must be from 0 to 65535'),
  mistake(['admin', 'port'], 65_536, 'must be from 0 to 65535'),
  mistake(['admin', 'port'], 4000, 'is the port of "server" too'),
  mistake(['log'], 'info', 'must be a map of keys, is text'),
  mistake(['log'], null, 'is empty: give it a value, or remove the key'),
  mistake(first('headers'), [], 'must be a map of keys, is a list'),
  mistake(first('headers'), null, 'is empty'),
  mistake(first('concurrency'), 0, 'must be from 1 to 1024'),
  mistake(first('sources'), 'one', 'must be a list, is text'),
  mistake(
    ['sources', 1, 'secrets'],
    [],
    'needs at least one entry; write for example ["${EXTRACTA_WEBHOOK_SECRET}"]',
  ),
  // words
  mistake(['log', 'level'], 'inof', /must be one of trace, debug, info.*; did you mean "info"\?/),
  mistake(['log', 'format'], 'xml', /must be one of json, pretty$/),
  mistake(['sources', 0, 'format'], 'Legacy', 'did you mean "legacy"?'),
  mistake(['sources', 0, 'statuses', 'Finished'], 'extraction.done', 'must be one of extraction.processed'),
  // durations, sizes
  mistake(['server', 'bodyLimit'], 10, 'is no size; write for example "64kb" or "10mb"'),
  mistake(['server', 'bodyLimit'], '10gb', 'is no size'),
  mistake(['server', 'bodyLimit'], '0kb', 'must be from 1kb to 100mb'),
  mistake(['server', 'bodyLimit'], '101mb', 'must be from 1kb to 100mb'),
  mistake(['sources', 0, 'dedupWindow'], 15, 'is no duration; write for example "24h" or "15m" or "0"'),
  mistake(['sources', 0, 'dedupWindow'], `${'9'.repeat(99)}d`, 'must be from 0 to 3650d'),
  mistake(first('timeout'), '15 s', 'is no duration'),
  mistake(first('timeout'), '', 'is empty: give it a value; write for example "500ms"'),
  mistake(first('timeout'), '0s', 'must be from 1ms to 1h'),
  mistake(first('timeout'), '61m', 'must be from 1ms to 1h'),
  // retry
  mistake(first('retry', 'schedule'), [], 'needs at least one entry'),
  mistake(first('retry', 'schedule'), ['0s', '31d'], 'must be from 0 to 30d'),
  mistake(first('retry', 'schedule'), [5, '5m'], 'is no duration'),
  mistake(first('retry', 'attempts'), 0, 'must be from 1 to 1000'),
  mistake(first('retry', 'jitter'), 1.1, 'must be from 0 to 1'),
  // names and paths
  mistake(['sources', 1, 'name'], 'one', 'is taken by sources[0].name; each must be unique'),
  mistake(['sources', 1, 'name'], 'a b', 'is no name; write for example "extracta"'),
  mistake(['sources', 1, 'path'], '/ONE', 'is taken by sources[0].path'),
  mistake(['sources', 1, 'path'], '/healthz', 'is taken by the health check'),
  mistake(['sources', 1, 'path'], 'two', 'is no path; write for example "/webhook"'),
  mistake(['sources', 1, 'path'], '/:id', 'is no path'),
  mistake(['sources', 1, 'path'], '/two/', 'is no path'),
  mistake(
    ['sources', 0, 'statuses'],
    { Ready: 'extraction.processed', READY: 'extraction.failed' },
    'is taken by sources[0].statuses.Ready',
  ),
  mistake(second('name'), 'first', 'is taken by destinations[0].name'),
  mistake(first('sources'), ['one', 'tow'], 'is the name of no source; did you mean "two"?'),
  mistake(second('sources'), ['unheard-of'], 'is the name of no source; there are one, two'),
  mistake(second('sources'), [], 'needs at least one entry'),
  mistake(
    second('events'),
    ['processed'],
    'is no event pattern; write for example "extraction.processed" or "extraction.*" or "*"',
  ),
  mistake(second('events'), ['extraction.processed', '*.processed'], 'is no event pattern'),
  // secrets
  mistake(['sources', 1, 'secrets'], [''], 'is empty: put the secret of the dashboard here'),
  mistake(['sources', 1, 'secrets'], ['   '], 'is empty: put the secret of the dashboard here'),
  mistake(['sources', 1, 'secrets'], ['E_AI_K_'], 'is nothing but the prefix of a secret'),
  mistake(['sources', 1, 'secrets'], ['a-real-one', 'a-real-one'], 'is in the list a second time'),
  mistake(['sources', 1, 'secrets'], [' a-real-one'], 'has white space around it'),
  mistake(['sources', 1, 'secrets'], ['${EMPTY}'], 'is empty: set EMPTY'),
  mistake(['sources', 1, 'secrets'], ['${PLACEHOLDER}'], 'is a placeholder, not a secret: set PLACEHOLDER'),
  mistake(first('secret'), '', "is empty: remove the key to sign with the source's"),
  mistake(first('secret'), '${EMPTY:-}', 'is empty: set EMPTY'),
  mistake(first('standardSecret'), 'c2VjcmV0LXZhbHVl', 'must be "whsec_" and base64'),
  mistake(first('standardSecret'), 'whsec_c2VjcmV0LXZhbHV', 'must be "whsec_" and base64'),
  mistake(first('standardSecret'), 'v1,whsec_c2VjcmV0LXZhbHVl', 'must be "whsec_" and base64'),
  mistake(first('standardSecret'), 'whsec_', 'is nothing but the prefix'),
  mistake(first('standardSecret'), 'whsec_xxxx', 'is a placeholder'),
  mistake(['admin', 'token'], 'changeme', 'is a placeholder'),
  mistake(['sources', 1, 'secrets'], ['${TWO_LINES}'], /has a line break, a tab .* in it: set TWO_LINES$/),
  mistake(['sources', 1, 'secrets'], ['E_AI_K_b25l\u0000x'], 'control character in it: write it on one line'),
  mistake(['sources', 1, 'secrets'], ['a-real-one\n'], 'has white space around it'),
  mistake(first('secret'), 'E_AI_K_b25l\tx', 'has a line break, a tab'),
  mistake(first('standardSecret'), 'whsec_c2Vj\r\ncmV0', 'has a line break, a tab'),
  mistake(['admin', 'token'], '${TWO_LINES}', 'in it: set TWO_LINES'),
  mistake(
    ['admin', 'token'],
    'schlüssel-b25l',
    /not ASCII, .* no request could match it: write it in ASCII$/,
  ),
  mistake(['admin', 'token'], '${UMLAUT}', 'could match it: set UMLAUT'),
  mistake(first('url'), 'http://first.example/?token=${TWO_LINES}', 'in it: set TWO_LINES'),
  mistake(['store', 'url'], 'postgres://shim:${TWO_LINES}@db/shim', 'in it: set TWO_LINES'),
  mistake(['admin', 'host'], '0.0.0.0', 'is required where "admin.host" is not loopback: set one'),
  // interpolation
  mistake(first('secret'), '${UNSET}', 'UNSET is not set: set it in the environment or in .env'),
  mistake(first('secret'), '${file:/does/not/exist}', 'the file /does/not/exist does not exist'),
  mistake(first('secret'), '${file:.}', 'is a folder'),
  mistake(first('secret'), 'a${', '"${" has no "}"'),
  mistake(first('timeout'), '${UNSET}', 'UNSET is not set'),
  mistake(first('concurrency'), '${WORD}', 'must be a whole number, is text'),
  // URLs and headers
  mistake(first('url'), 'first.example', 'is not a URL'),
  mistake(first('url'), '', 'is empty: write for example'),
  mistake(first('url'), '${EMPTY}', 'is empty: set EMPTY'),
  mistake(first('url'), 'ftp://first.example', 'must start with http:// or https://'),
  mistake(first('url'), 'http://me@first.example', /has credentials in it.*put them into "headers"/),
  mistake(first('url'), 'http://localhost:4000/one', 'is a source of this shim: it would send to itself'),
  mistake(first('headers', 'Content-Type'), 'text/plain', 'is set by the shim itself'),
  mistake(first('headers', 'webhook-id'), '1', 'is set by the shim itself'),
  mistake(first('headers', 'X-Shim-Attempt'), '1', 'is set by the shim itself'),
  mistake(first('headers', 'x y'), '1', 'is not a valid header name'),
  mistake(first('headers', 'x-number'), 1, 'must be text, is a number (put it in quotes if it is text)'),
  mistake(first('headers', 'x-break'), 'a\r\nb: c', 'has characters that no header may have'),
  mistake(first('headers', 'x-two'), 'Bearer ${TWO_LINES}', 'such as a line break: set TWO_LINES'),
  mistake(first('headers', 'x-blank'), ' ', 'is empty'),
  mistake(first('headers'), { 'X-A': '1', 'x-a': '2' }, 'is taken by destinations[0].headers.X-A'),
  mistake(first('headers', 'Proxy-Authorization'), '1', 'is set by the shim itself'),
  // when
  mistake(
    second('when'),
    { typ: 'object' },
    'the JSON Schema does not compile: strict mode: unknown keyword: "typ"',
  ),
  mistake(
    second('when'),
    { $ref: './gone.json' },
    /\$ref ".\/gone.json": the file .*gone.json does not exist/,
  ),
  mistake(second('when'), 'event', 'must be a map of keys or true or false, is text'),
  // formats, modes, shares
  mistake(second('format'), 'old', 'must be one of new, legacy'),
  mistake(second('mode'), 'pausd', 'did you mean "paused"?'),
  mistake(second('share'), 101, 'must be from 0 to 100'),
  mistake(second('share'), 50, 'is less than 100 and the rest would go nowhere: name an "alternative"'),
  mistake(second('alternative'), 'second', 'is the destination itself: name another one'),
  mistake(second('alternative'), 'firts', 'is the name of no destination; did you mean "first"?'),
  mistake(second('alternative'), 'unheard-of', 'is the name of no destination; there are first'),
  // contracts
  mistake(
    ['sources', 0, 'contracts'],
    [{ extractionId: 'x', schema: './gone.json' }],
    /sources\[0\]\.contracts\[0\]\.schema: the file .*gone\.json does not exist/,
  ),
  mistake(['sources', 0, 'contracts'], [{ extractionId: 'x' }], 'contracts[0].schema: is missing; write for'),
  mistake(['sources', 0, 'contracts'], { x: './x.json' }, 'must be a list, is a map of keys'),
  // the store, and the rest
  mistake(['store', 'url'], 'mysql://localhost/shim', 'is no store; write for example "sqlite:data/shim.db"'),
  mistake(['store', 'url'], 'sqlite:', 'is no store'),
  mistake(['store', 'url'], 'sqlite://data/shim.db', 'is no store'),
  mistake(['store', 'url'], 'sqlite:data/', 'is no store'),
  mistake(['store', 'retention'], '5m', 'must be from 1h to 3650d'),
  mistake(['store', 'retention'], 'forever', 'is no duration'),
  mistake(['store', 'connections'], 0, 'must be from 1 to 1000'),
  mistake(['store', 'statementTimeout'], '2h', 'must be from 1s to 1h'),
  mistake(['sources', 0, 'inferEdited'], 'yes', 'must be true or false, is text'),
  mistake(['sources', 0, 'keepRefused'], 1_001, 'must be from 0 to 1000'),
  mistake(second('rate'), '50', 'is no rate; write for example "50/s" or "600/m"'),
  mistake(second('rate'), '0/s', 'must be from 1 to 100000 a second, minute or hour'),
  mistake(second('rate'), '100001/m', 'must be from 1 to 100000 a second, minute or hour'),
  mistake(second('ordered'), 'fiel', 'must be one of none, file, batch, extraction; did you mean "file"?'),
  mistake(second('breaker'), { failures: 'many' }, 'must be a whole number, is text'),
  mistake(second('breaker'), { failures: -1 }, 'must be from 0 to 1000'),
  mistake(second('breaker'), { window: '2d' }, 'must be from 1ms to 1d'),
  mistake(second('breaker'), { cooldown: '0s' }, 'must be from 1ms to 1d'),
  mistake(second('breaker'), { colldown: '1s' }, 'is not a known key; did you mean "cooldown"?'),
];

const env = {
  TWO_LINES: 'E_AI_K_b25l\nE_AI_K_dHdv',
  UMLAUT: 'schlüssel-b25l',
  EMPTY: '',
  PLACEHOLDER: 'your-secret-here',
  WORD: 'word',
};

/** The sound configuration with these mistakes, as JSON. */
function withMistakes(mistakes: readonly Mistake[]): string {
  const root: unknown = sound();
  for (const { at, value } of mistakes) {
    const parent = at.slice(0, -1).reduce<unknown>((node, step) => Reflect.get(Object(node), step), root);
    const key = String(at.at(-1));
    if (value === undefined) Reflect.deleteProperty(Object(parent), key);
    else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return JSON.stringify(root, null, 2);
}

/** `server.port: must be …` */
const withoutPlace = (fault: string): string => fault.replace(/^shim\.yaml:\d+:\d+ /, '');

function expectSaid(faults: readonly string[], { at, says }: Mistake): void {
  const said = faults.map(withoutPlace).filter((fault) => fault.match(toPattern(says)));
  expect({ at: formatPath(at), says, faults, found: said.length > 0 }).toMatchObject({ found: true });
}

const toPattern = (says: string | RegExp): RegExp =>
  typeof says === 'string' ? new RegExp(says.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) : says;

describe('a configuration with one mistake', () => {
  it('starts from a sound one', () => expect(faultsOf(withMistakes([]))).toEqual([]));

  it.each(MISTAKES.map((each) => [formatPath(each.at), JSON.stringify(each.value), each] as const))(
    '%s: %s lists one fault, with its place',
    (_path, _value, each) => {
      const faults = faultsOf(withMistakes([each]), { env });
      expect(faults).toHaveLength(1);
      expectSaid(faults, each);
      const [, line, path] = /^shim\.yaml:(\d+):\d+ ([^:]*(?:"[^"]*"[^:]*)?): /.exec(faults[0] ?? '') ?? [];
      expect(Number(line)).toBeGreaterThan(0);
      // The admin host asks for a token: that is where the fault is.
      if (each.at.join() !== 'admin,host') expect(path?.startsWith(formatPath(each.at))).toBe(true);
    },
  );
});

describe('a configuration with many mistakes', () => {
  it('lists ten for ten, of ten kinds, in the order of the file', () => {
    const text = `server: { port: 70000, bodylimit: 10mb }
log: { level: loud }
sources:
  - name: extracta
    path: /webhook
    secrets: ["\${EXTRACTA_WEBHOOK_SECRET}"]
    dedupWindow: a day
  - name: extracta
    path: /other
    secrets: [changeme]
destinations:
  - name: billing
    url: https://user:pass@billing.example
    sources: [extrata]
    tls: { ca: ./ca.pem }
    when: { propertes: {} }
`;
    expect(faultsOf(text)).toEqual([
      'shim.yaml:1:17 server.port: must be from 0 to 65535',
      'shim.yaml:1:24 server.bodylimit: is not a known key; did you mean "bodyLimit"?',
      'shim.yaml:2:15 log.level: must be one of trace, debug, info, warn, error, fatal, silent',
      'shim.yaml:6:15 sources[0].secrets[0]: EXTRACTA_WEBHOOK_SECRET is not set: set it in the environment or in .env',
      'shim.yaml:7:18 sources[0].dedupWindow: is no duration; write for example "24h" or "15m" or "0"',
      'shim.yaml:8:11 sources[1].name: is taken by sources[0].name; each must be unique',
      'shim.yaml:10:15 sources[1].secrets[0]: is a placeholder, not a secret: put the real one here',
      'shim.yaml:13:10 destinations[0].url: has credentials in it, which end up in logs: put them into "headers", as "authorization"',
      'shim.yaml:14:15 destinations[0].sources[0]: is the name of no source; did you mean "extracta"?',
      'shim.yaml:15:16 destinations[0].tls.ca: the file ./ca.pem does not exist; name the file of a certificate in PEM',
      'shim.yaml:16:11 destinations[0].when: the JSON Schema does not compile: strict mode: unknown keyword: "propertes"',
    ]);
  });

  it('names each step of a chain and of a circle of alternatives', () => {
    const split = { share: 50 };
    const destinations = [
      { name: 'a', url: 'http://a.example', ...split, alternative: 'b' },
      { name: 'b', url: 'http://b.example', ...split, alternative: 'a' },
      { name: 'c', url: 'http://c.example', ...split, alternative: 'b' },
      { name: 'd', url: 'http://d.example', ...split, alternative: 'e' },
      { name: 'e', url: 'http://e.example' },
      { name: 'f', url: 'http://f.example', share: 0, alternative: 'e' },
    ];
    const chained = 'alternative: has an alternative itself: name one that takes all that it is given';
    expect(faultsOf(JSON.stringify({ ...sound(), destinations })).map(withoutPlace)).toEqual([
      `destinations[0].${chained}`,
      `destinations[1].${chained}`,
      `destinations[2].${chained}`,
    ]);
  });

  it('carries them as data too', () => {
    try {
      load('sources: []\nnope: 1');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        code: 'config_invalid',
        faults: [
          {
            file: 'shim.yaml',
            line: 1,
            column: 1,
            path: 'destinations',
            message: expect.stringMatching(/^is missing/),
          },
          {
            file: 'shim.yaml',
            line: 1,
            column: 10,
            path: 'sources',
            message: expect.stringMatching(/^needs at least one/),
          },
          {
            file: 'shim.yaml',
            line: 2,
            column: 1,
            path: 'nope',
            message: expect.stringMatching(/^is not a known key/),
          },
        ],
      });
    }
  });

  it('lists each variable that is not set', () => {
    const text = withMistakes([
      mistake(first('headers', 'x-a'), '${A} and ${B} and ${A}', ''),
      mistake(second('secret'), '${A}', ''),
    ]);
    expect(faultsOf(text).map(withoutPlace)).toEqual([
      'destinations[0].headers.x-a: A is not set: set it in the environment or in .env',
      'destinations[0].headers.x-a: B is not set: set it in the environment or in .env',
      'destinations[1].secret: A is not set: set it in the environment or in .env',
    ]);
  });

  it('lists a misspelt key once, not as missing too', () => {
    expect(faultsOf('sorces: []\ndestination: []').map(withoutPlace)).toEqual([
      'sorces: is not a known key; did you mean "sources"?',
      'destination: is not a known key; did you mean "destinations"?',
    ]);
  });

  it('lists duplicate keys beside the rest', () => {
    expect(faultsOf(`${withMistakes([]).slice(0, -1)}, "log": { "level": "loud" }, "nope": 1 }`)).toEqual([
      expect.stringContaining('log.level: must be one of'),
      expect.stringContaining('this key stands here a second time'),
      expect.stringContaining('nope: is not a known key'),
    ]);
  });

  it('hides none behind another, whichever meet', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(MISTAKES as Mistake[], { minLength: 2, maxLength: 20 }), (picked) => {
        const apart: Mistake[] = [];
        for (const each of picked) {
          if (!apart.some((other) => meet(each.at, other.at))) apart.push(each);
        }
        const faults = faultsOf(withMistakes(apart), { env });
        for (const each of apart) expectSaid(faults, each);
        expect(faults).toHaveLength(apart.length);
      }),
      { numRuns: 150 },
    );
  });

  it('shows no value that may be a secret', () => {
    const canary = 'c4n4ry';
    const places: readonly Path[] = [
      ['server', 'host'],
      ['server', 'port'],
      ['server', 'bodyLimit'],
      ['admin', 'token'],
      ['log', 'level'],
      ['store', 'url'],
      ['sources', 0, 'secrets'],
      ['sources', 0, 'path'],
      ['sources', 0, 'dedupWindow'],
      first('url'),
      first('secret'),
      first('standardSecret'),
      first('timeout'),
      first('events'),
      first('when'),
      first('headers', 'x-a'),
      first('retry', 'schedule'),
    ];
    const values = [
      `${canary}`,
      ` ${canary} \n`,
      [`${canary} `, `${canary} `],
      `http://${canary}:${canary}@x`,
      `ftp://${canary}`,
      `\${${canary}!}`,
    ];
    for (const at of places) {
      for (const value of values) {
        const direct = faultsOf(withMistakes([mistake(at, value, '')]));
        const filled = faultsOf(withMistakes([mistake(at, '${CANARY}', '')]), {
          env: { CANARY: String(value) },
        });
        expect([...direct, ...filled].join('\n')).not.toContain(canary);
      }
    }
  });
});

/** Two mistakes that are one place, or of which one decides what the other means. */
function meet(a: Path, b: Path): boolean {
  const ports = [a, b].every((path) => path.at(-1) === 'port');
  const token = [a, b].every((path) => path[0] === 'admin' && path[1] !== 'port');
  const names =
    [a, b].some((path) => path[0] === 'sources' && path[2] === 'name') &&
    [a, b].some((path) => path[2] === 'sources');
  const own = [a, b].some((path) => path[2] === 'url') && [a, b].some((path) => path[0] === 'server');
  const split = [a, b].every((path) => path[2] === 'alternative' || path[2] === 'share');
  const named =
    [a, b].some((path) => path[0] === 'destinations' && path[2] === 'name') &&
    [a, b].some((path) => path[2] === 'alternative');
  return split || named || isWithin(a, b) || isWithin(b, a) || ports || token || names || own;
}

describe('placeholders', () => {
  const secretFaults = (secret: string) =>
    faultsOf(withMistakes([mistake(['sources', 1, 'secrets'], [secret], '')]));

  it.each([
    'changeme',
    'change-me',
    'CHANGE_ME',
    'ChangeThis',
    'replace-me',
    'secret',
    'Secret',
    'my-secret',
    'webhook_secret',
    'your-secret',
    'your_webhook_secret',
    'YourSecret',
    'password',
    'token',
    'xxx',
    'E_AI_K_xxxxxxxx',
    'E_AI_K_your_secret',
    '...',
    'E_AI_K_...',
    'E_AI_K_…',
    '***',
    '<secret>',
    '<your secret here>',
    '$${SECRET}',
    'todo',
    'placeholder',
    'example',
  ])('%s is refused', (secret) => {
    expect(secretFaults(secret)).toEqual([expect.stringContaining('is a placeholder, not a secret')]);
  });

  it.each([
    'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0',
    'c2hpbS12ZWN0b3Itc2VjcmV0',
    'correct horse battery',
    'yours3cr3t',
    'xxy',
    'secretariat',
    'unreplace-me-9f',
    'for-your-secret-9f',
    '9f-the-secret',
    '9f-example',
    'example-9f',
    '9f<secret>',
    '<secret>9f',
    '9f$${SECRET}',
    '$${SECRET}9f',
  ])('%s is taken', (secret) => expect(secretFaults(secret)).toEqual([]));

  it('says of each secret only what is wrong with it, also where there are several', () => {
    const several = (...secrets: string[]) =>
      faultsOf(withMistakes([mistake(['sources', 1, 'secrets'], secrets, '')]));
    expect(several('', '')).toEqual(Array(2).fill(expect.stringContaining('is empty')));
    expect(several('${A}', '${B}')).toEqual([
      expect.stringContaining('A is not set'),
      expect.stringContaining('B is not set'),
    ]);
    expect(faultsOf(withMistakes([mistake(first('standardSecret'), '${A}', '')]))).toEqual([
      expect.stringContaining('A is not set'),
    ]);
  });

  it('takes any secret that looks like one', () => {
    fc.assert(
      fc.property(fc.base64String({ minLength: 16, maxLength: 64 }), (secret) => {
        fc.pre(new Set(secret).size > 8);
        expect(secretFaults(`E_AI_K_${secret}`)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
