import { describe, expect, it } from 'vitest';
import { knownEvents } from '../../src/telemetry/known-events.js';
import { load } from '../support/config.js';

describe('the events that metrics tell apart', () => {
  it('are the four of the vendor, and those that the configuration names in full', () => {
    const { config } = load(`
sources:
  - { name: a, path: /a, secrets: [one-of-the-sources], statuses: { odd: extraction.edited } }
destinations:
  - { name: x, url: "http://127.0.0.1/", events: ["classification.done", "extraction.*", "*"] }
  - { name: y, url: "http://127.0.0.1/", events: ["extraction.failed"] }
`);
    expect([...knownEvents(config)].sort()).toEqual([
      'classification.done',
      'extraction.confirmed',
      'extraction.edited',
      'extraction.failed',
      'extraction.processed',
    ]);
  });
});
