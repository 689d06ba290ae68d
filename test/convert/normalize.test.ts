import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadEventSchemas } from '../../src/convert/event-schemas.js';
import { type Normalized, normalize } from '../../src/convert/normalize.js';
import { toNew } from '../../src/formats/forward.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import { authenticate, signBody } from '../../src/formats/request-body.js';
import { mac, signingKey } from '../../src/formats/signature.js';
import type { Format, Verified } from '../../src/model.js';
import { jsonText, legacyText, numbersOf } from '../support/json-text.js';
import { documentedSignature } from '../support/listener.js';
import { vectors } from '../support/vectors.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const rules = {
  source: 'extracta',
  statuses: DEFAULT_STATUSES,
  checkSchema: loadEventSchemas(),
  checkContracts: null,
};

const run = (body: string, format: Format): Normalized =>
  normalize({ body, format } as Verified<{ body: string; format: Format }>, rules);

function outgoing(normalized: Normalized, body: string, format: Format) {
  if (!normalized.ok) throw new Error(`quarantined: ${normalized.reason} ${normalized.errors.join('; ')}`);
  return normalized.events.map((event) => ({ event, out: toNew({ ...event, webhook: { format, body } }) }));
}

describe('the vectors', () => {
  const authentic = vectors.filter((vector) => vector.expect.outcome !== 'rejected');
  it('are all there', () => expect(vectors).toHaveLength(39));

  it.each(authentic.map((vector) => [vector.name, vector] as const))(
    '%s',
    (_name, { secret, request, expect: want }) => {
      const { format } = authenticate(request.body, request.headers['x-webhook-signature'], [
        signingKey(secret),
      ]);
      const normalized = run(request.body, format);
      if (want.outcome === 'quarantined') {
        expect(normalized).toMatchObject({ ok: false, reason: want.reason });
        return;
      }
      const sent = outgoing(normalized, request.body, format).map(({ event, out }) => ({
        event: event.event,
        body: out.body,
        signature: mac(out.signedText, signingKey(secret)),
      }));
      expect(sent).toEqual(want.events);
    },
  );
});

describe('normalize', () => {
  const file = (more: string): string => `{"extractionId":"e","batchId":"b","fileId":"f",${more}}`;
  const legacy = (resultText: string): string => JSON.stringify({ result: resultText });

  it('never throws, for any text in either format, and what it lets through verifies at a documented listener', () => {
    fc.assert(
      fc.property(legacyText, (text) => {
        const body = legacy(text);
        const normalized = run(body, 'legacy');
        if (!normalized.ok) return;
        for (const { out } of outgoing(normalized, body, 'legacy')) {
          // As it arrives: through UTF-8.
          const received = Buffer.from(out.body, 'utf8').toString('utf8');
          expect(mac(out.signedText, signingKey(SECRET))).toBe(documentedSignature(received, SECRET));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes any JSON that a sender can sign, in the new format', () => {
    fc.assert(
      fc.property(
        jsonText,
        fc.constantFrom('extraction.processed', 'classification.done', 'odd!'),
        (result, event) => {
          const body = Buffer.from(`{"event":${JSON.stringify(event)},"result":${result}}`, 'utf8').toString(
            'utf8',
          );
          const signature = signBody(body, SECRET);
          const { format } = authenticate(body, signature, [signingKey(SECRET)]);
          const normalized = run(body, format);
          if (!normalized.ok) return;
          for (const { out } of outgoing(normalized, body, format)) {
            if (format === 'new') expect(out.body).toBe(body);
            expect(mac(out.signedText, signingKey(SECRET))).toBe(documentedSignature(out.body, SECRET));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('tells of what is to be signed that it is there as it is, in the new format and where files were rewritten', () => {
    const text = `[${file('"status":"processed","result":{"a":1}')}]`;
    const plainOf = (body: string, format: Format) =>
      outgoing(run(body, format), body, format).map(({ event }) => event.plain);
    const event = `{"event":"extraction.processed","result":${text}}`;
    expect(plainOf(event, 'new')).toEqual([true]);
    expect(plainOf(legacy(text.replace('processed', 'done')), 'legacy')).toEqual([true]);
    for (const other of [
      event.replace('{', '{ '),
      event.replace('"a":1', '"a":1.0'),
      event.replace(/}$/, ',"more":1}'),
      event.replace('{', '{"result":[],'),
      `{"result":${text},"event":"extraction.processed"}`,
      `${event}\n`,
    ]) {
      expect(plainOf(other, 'new')).toEqual([false]);
    }
  });

  it('keeps every digit of every number where files have to be rewritten', () => {
    fc.assert(
      fc.property(fc.array(jsonText, { minLength: 1, maxLength: 3 }), (results) => {
        const files = results.map((result) => file(`"status":"done","result":{"v":${result}}`));
        const body = legacy(`[${files.join(',')}]`);
        const sent = outgoing(run(body, 'legacy'), body, 'legacy').map(({ out }) => out.body);
        expect(sent.flatMap(numbersOf)).toEqual(results.flatMap(numbersOf));
      }),
    );
  });

  it('keeps the order of keys, repeated keys and escapes where a file has to be rewritten', () => {
    const result = '{"2":1,"1":2,"__proto__":{"a":1},"a":1,"a":2,"\\u00e9":"\\u00e9\\/"}';
    const body = legacy(`[${file(`"status":"Done","result": ${result}`)} ]`);
    expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
      `{"event":"extraction.processed","result":[${file(`"status":"processed","result":${result}`)}]}`,
    );
  });

  it.each(['7', ' 1.50', 'null', 'true', '"x"', '{no', ''])(
    'leaves a result as it is that is a string but spells no object or array: %j',
    (text) => {
      const failed = (status: string) => file(`"status":"${status}","result":${JSON.stringify(text)}`);
      for (const status of ['failed', 'error']) {
        const body = legacy(`[${failed(status)}]`);
        expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
          `{"event":"extraction.failed","result":[${failed('failed')}]}`,
        );
      }
    },
  );

  it('drops white space, and leaves what is a string a string, but for the result, where a file has to be rewritten', () => {
    const written = file('"status" : "done", "fileName":"[1]", "note":"{ }", "result": { "a b" : [ 1 ] }');
    const body = legacy(`[ ${written} ]`);
    expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
      `{"event":"extraction.processed","result":[${file('"status":"processed","fileName":"[1]","note":"{ }","result":{"a b":[1]}')}]}`,
    );
  });

  it('carries a result over as it is that is a list with JSON in a string', () => {
    const text = `[ ${file('"status":"processed", "result":["{\\"a\\":1}"]')} ]`;
    const body = legacy(text);
    expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
      `{"event":"extraction.processed","result":${text}}`,
    );
  });

  it('puts the ids of a batch first into the files that lack them, and into no others', () => {
    const own = '{"extractionId":"own","status":"processed","result":{}}';
    const body = legacy(
      `{"batchId":"B","extractionId":"E","files":[{"status":"processed","result":{}}, ${own}]}`,
    );
    expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
      '{"event":"extraction.processed","result":[' +
        '{"extractionId":"E","batchId":"B","status":"processed","result":{}},' +
        '{"batchId":"B","extractionId":"own","status":"processed","result":{}}]}',
    );
  });

  it('gives the same event the same id in both formats, in any order of keys and files', () => {
    const one = file('"status":"processed","result":{"a":1,"b":[1.0,"é"]}');
    const two = '{"batchId":"b","extractionId":"e","fileName":"n","status":"processed","result":{}}';
    const legacyBody = legacy(`[ ${one}, ${two} ]`);
    const same =
      '{"result":{"b":[1.0,"\\u00e9"],"a":1},"status":"processed","fileId":"f","batchId":"b","extractionId":"e"}';
    const newBody = `{"event":"extraction.processed","result":[${two},${same}]}`;
    const [a] = outgoing(run(legacyBody, 'legacy'), legacyBody, 'legacy');
    const [b] = outgoing(run(newBody, 'new'), newBody, 'new');
    expect(a?.event.messageId).toMatch(/^evt_[\w-]{24}$/);
    expect(b?.event.messageId).toBe(a?.event.messageId);
  });

  it('gives events that differ in one digit different ids', () => {
    const ids = ['1', '1.0', '2'].map((number) => {
      const body = legacy(`[${file(`"status":"processed","result":{"total":${number}}`)}]`);
      return outgoing(run(body, 'legacy'), body, 'legacy')[0]?.event.messageId;
    });
    expect(new Set(ids).size).toBe(3);
  });

  it('converts a body without a string event as legacy, even where its result is no string', () => {
    const body = `{"result": [${file('"status":"processed","result":{"n":1.0}')}]}`;
    expect(outgoing(run(body, 'legacy'), body, 'legacy')[0]?.out.body).toBe(
      `{"event":"extraction.processed","result":[${file('"status":"processed","result":{"n":1.0}')}]}`,
    );
  });

  it.each([
    ['a text that nests 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    [
      'a file result in a string that nests deep',
      `[${file(`"status":"processed","result":${JSON.stringify(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)}`)}]`,
    ],
  ])('quarantines %s', (_name, text) => {
    expect(run(legacy(text), 'legacy')).toMatchObject({ ok: false, reason: 'nesting_too_deep' });
  });

  it('says which file has an unknown status and what can be done', () => {
    const body = legacy(`[${file('"status":"waiting","fileName":"a.pdf"')},${file('"status":7')}]`);
    const normalized = run(body, 'legacy');
    expect(normalized.ok ? [] : normalized.errors).toEqual([
      'file 1 (a.pdf): no event stands for the status "waiting"; name one under "statuses" of the source if it should',
      'file 2 (f): status is a number, not a string',
    ]);
  });

  it('says so in few words, however many the files are and however long their names', () => {
    const many = run(legacy(`[${'{},'.repeat(50_000)}{}]`), 'legacy');
    expect(many.ok ? [] : many.errors).toHaveLength(20);

    const long = 'x'.repeat(100_000);
    const named = run(legacy(`[${file(`"status":"${long}","fileName":"${long}"`)}]`), 'legacy');
    const x60 = `${'x'.repeat(60)}…`;
    expect(named.ok ? [] : named.errors).toEqual([
      `file 1 (${x60}): no event stands for the status "${x60}"; name one under "statuses" of the source if it should`,
    ]);
  });

  it.each([
    ['legacy', `{"result":"[${'{},'.repeat(100_000)}{}]"}`],
    ['new', `{"event":"a.b","result":[${'1,'.repeat(100_000)}1]}`],
  ] as const)('quarantines more files than it can convert, in the %s format', (format, body) => {
    const normalized = run(body, format);
    expect(normalized).toMatchObject({ ok: false, reason: 'internal_error' });
    expect(normalized.ok ? [] : normalized.errors).toEqual([
      'result has 100001 files, of which at most 100000 can be converted',
    ]);
  });

  it.each([
    ['', 'missing'],
    ['"event":7,', '7'],
    ['"event":"processed",', '"processed"'],
    [`"event":"${'x'.repeat(200)}",`, `"${'x'.repeat(99)}…`],
  ])('says in few words what is no name of an event: %s', (member, shown) => {
    const normalized = run(`{${member}"result":[]}`, 'new');
    expect(normalized).toEqual({
      ok: false,
      reason: 'invalid_event',
      errors: [`event is ${shown}, not feature.action such as "extraction.processed"`],
    });
  });

  it('quarantines a name of an event that is longer than any, which no signature covers: it stands in lists and is hashed with each file', () => {
    const named = (length: number) => run(`{"event":"a.${'b'.repeat(length - 2)}","result":[{}]}`, 'new');
    expect(named(255)).toMatchObject({ ok: true });
    expect(named(256)).toEqual({
      ok: false,
      reason: 'invalid_event',
      errors: [`event is "a.${'b'.repeat(97)}…, of 256 characters: 255 at most`],
    });
    // Of so many segments that a pattern over them overflows the stack.
    const body = `{"event":"a${'.a'.repeat(4_900_000)}","result":[{}]}`;
    expect(run(body, 'new')).toMatchObject({ ok: false, reason: 'invalid_event' });
  });

  it('says where a file misses its schema', () => {
    const body = legacy('[{"batchId":"","status":"processed","fileId":7}]');
    const normalized = run(body, 'legacy');
    expect(normalized.ok ? [] : normalized.errors).toEqual([
      "result[0] must have required property 'result'",
      "result[0] must have required property 'extractionId'",
      'result[0].batchId must NOT have fewer than 1 characters',
      'result[0].fileId must be string',
    ]);
  });

  it('says it by the place in the webhook, where that became several events', () => {
    const [good, failed] = [file('"status":"processed","result":{}'), file('"status":"failed"')];
    const bad = file('"status":"done","result":7');
    const normalized = run(legacy(`[${failed},${good},${failed},${bad}]`), 'legacy');
    expect(normalized.ok ? [] : normalized.errors).toEqual(['result[3].result must be object,array']);

    const checkContracts = ({ event }: { readonly event: string }) =>
      event === 'extraction.processed' ? ['result[1].result.total must be number', 'the event is odd'] : [];
    const webhook = { body: legacy(`[${failed},${good},${good}]`), format: 'legacy' } as const;
    const missed = normalize(webhook as Verified<typeof webhook>, { ...rules, checkContracts });
    expect(missed.ok ? [] : missed.errors).toEqual([
      'result[2].result.total must be number',
      'the event is odd',
    ]);
  });

  it.each([
    [
      '{"files":{},"status":1}',
      'result is an object without a list "files" or a string "status", not a list of files',
    ],
    ['[{},null]', 'file 2 is null, not an object'],
    ['[{},[]]', 'file 2 is a list, not an object'],
  ])('says what is no list of files: %s', (text, error) => {
    const normalized = run(legacy(text), 'legacy');
    expect(normalized).toEqual({ ok: false, reason: 'unrecognized_shape', errors: [error] });
  });
});
