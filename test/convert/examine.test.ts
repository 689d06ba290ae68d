import { expect, it } from 'vitest';
import { createExamine } from '../../src/convert/examine.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import type { StoredWebhook, Verified } from '../../src/model.js';
import { destinationAt } from '../delivery/setup.js';

const HOUR = 3_600_000;
const RECEIVED = 1_700_000_000_000;
const source = {
  name: 'extracta',
  path: '/webhook',
  secrets: ['E_AI_K_examine'],
  format: 'auto',
  dedupWindow: HOUR,
  statuses: DEFAULT_STATUSES,
  inferEdited: false,
  contracts: [],
  keepRefused: 0,
} as const;
const billing = destinationAt('http://127.0.0.1:1/');
const FILE = { extractionId: 'e', batchId: 'b', fileId: 'f', status: 'processed', result: {} };

const webhookOf = (name: string): Verified<StoredWebhook> =>
  ({
    id: 7,
    source: name,
    format: 'legacy',
    receivedAt: RECEIVED,
    body: JSON.stringify({ result: JSON.stringify([FILE]) }),
  }) as unknown as Verified<StoredWebhook>;

it('says from when on a file counts as a repeat: since the window of its source began, or never', () => {
  const sources = [source, { ...source, name: 'always', dedupWindow: 0 }];
  const examine = createExamine({ sources, destinations: [billing] });
  expect(examine(webhookOf('extracta')).conversion).toMatchObject({
    outcome: 'converted',
    webhookId: 7,
    duplicatesSince: RECEIVED - HOUR,
    events: [{ event: 'extraction.processed', destinations: [{ destination: billing.name }] }],
  });
  expect(examine(webhookOf('always')).conversion).toMatchObject({ duplicatesSince: null });
});

it('quarantines what came for a source that is configured no more, and says what can be done', () => {
  const examine = createExamine({ sources: [source], destinations: [billing] });
  expect(examine(webhookOf('gone'))).toEqual({
    conversion: {
      outcome: 'quarantined',
      webhookId: 7,
      reason: 'source_not_configured',
      errors: [
        'the configuration has no source "gone" any more: add it again and retry, or discard the webhook',
      ],
    },
    files: [],
  });
});

it('quarantines what a fault of ours keeps from being converted, with the fault', () => {
  const examine = createExamine({ sources: [source], destinations: [billing] }, () => {
    throw new Error('no such event is known');
  });
  expect(examine(webhookOf('extracta')).conversion).toEqual({
    outcome: 'quarantined',
    webhookId: 7,
    reason: 'internal_error',
    errors: ['no such event is known'],
  });
});
