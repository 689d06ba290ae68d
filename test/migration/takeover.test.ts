import { describe, expect, it } from 'vitest';
import {
  type HandlerFacts,
  handlerFacts,
  judgeTakeover,
  type TakeoverFacts,
} from '../../src/migration/takeover.js';

const EVENTS = 100;
const incumbent: HandlerFacts = {
  name: 'old',
  answers: { ok: 100, failed: 0 },
  p50: 80,
  p99: 200,
  held: null,
};
const candidate: HandlerFacts = {
  name: 'new',
  answers: { ok: 100, failed: 0 },
  p50: 90,
  p99: 300,
  held: null,
};
const judge = (
  change: Partial<HandlerFacts>,
  against: Partial<HandlerFacts> = {},
  leftOut: TakeoverFacts['leftOut'] = { none: [], some: [] },
) =>
  judgeTakeover(
    { candidate: { ...candidate, ...change }, incumbent: { ...incumbent, ...against }, leftOut },
    EVENTS,
  );

describe('judgeTakeover', () => {
  it('finds nothing against a handler that answered all of its latest events as fast', () => {
    expect(judge({})).toEqual([]);
  });

  it('tells what would go to nobody', () => {
    expect(judge({}, {}, { none: ['extraction.failed', 'extraction.edited'], some: [] })).toEqual([
      {
        destination: 'new',
        code: 'left_out',
        message:
          'without old would go to nobody: extraction.failed, extraction.edited; let new take it, or where nobody needs it, give old the same filters',
        command: 'webhook-shim check',
      },
    ]);
    expect(judge({}, {}, { none: [], some: ['extraction.processed'] })).toMatchObject([
      {
        message: expect.stringContaining(
          'to nobody: extraction.processed that a "when" leaves out; let new take',
        ),
      },
    ]);
  });

  it('tells too few answers', () => {
    expect(judge({ answers: { ok: 99, failed: 0 } })).toEqual([
      {
        destination: 'new',
        code: 'too_few_answers',
        message: 'answered 99 events; there must be 100',
        command: 'webhook-shim deliveries list --destination new',
      },
    ]);
  });

  it('tells failures among the latest events', () => {
    expect(judge({ answers: { ok: 99, failed: 1 } })).toMatchObject([
      { code: 'failures', message: 'failed 1 of its latest 100 events' },
    ]);
    expect(judge({ answers: { ok: 90, failed: 5 } })).toMatchObject([
      { code: 'too_few_answers', message: 'answered 95 events; there must be 100' },
      { code: 'failures', message: 'failed 5 of its latest 95 events' },
    ]);
  });

  it('tells a slower pace than is allowed', () => {
    expect(judge({ p99: 301 })).toMatchObject([
      {
        code: 'slower',
        message:
          'answers 99 of 100 within 301ms (median 90ms), old answers 99 of 100 within 200ms (median 80ms); 1.5 times that is allowed',
      },
    ]);
  });

  it('makes nothing of a few milliseconds between quick handlers', () => {
    expect(judge({ p99: 51 }, { p99: 1 })).toEqual([]);
    expect(judge({ p99: 52 }, { p99: 1 })).toHaveLength(1);
  });

  it.each([
    ['paused', 'is paused: nothing would reach it'],
    ['breaker_open', 'its breaker is open: nothing but a probe reaches it'],
  ] as const)('tells that it is held: %s', (held, message) => {
    expect(judge({ held })).toEqual([
      { destination: 'new', code: 'held', message, command: 'webhook-shim destinations list' },
    ]);
    expect(judge({}, { held })).toEqual([]);
  });

  it('measures against no pace where the incumbent answered nothing', () => {
    expect(judge({}, { answers: { ok: 0, failed: 0 }, p50: null, p99: null })).toEqual([]);
  });

  it('takes nothing answered for no proof, whatever is asked for', () => {
    const silent = { ...candidate, answers: { ok: 0, failed: 0 }, p50: null, p99: null };
    const facts = { candidate: silent, incumbent, leftOut: { none: [], some: [] } };
    expect(judgeTakeover(facts, 0)).toMatchObject([
      { code: 'too_few_answers', message: 'answered 0 events; there must be 1' },
    ]);
  });
});

describe('handlerFacts', () => {
  it('counts what is not answered 2xx as failed, and tells the pace', () => {
    const statuses = [200, 204, 299, 199, 300, 500, null];
    const answers = statuses.map((status, index) => ({ status, duration: (index + 1) * 10 }));
    expect(handlerFacts('new', answers, 'paused')).toEqual({
      name: 'new',
      answers: { ok: 3, failed: 4 },
      p50: 40,
      p99: 70,
      held: 'paused',
    });
    expect(handlerFacts('new', [], null)).toEqual({
      name: 'new',
      answers: { ok: 0, failed: 0 },
      p50: null,
      p99: null,
      held: null,
    });
  });
});
