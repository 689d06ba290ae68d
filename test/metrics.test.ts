import { describe, expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.js';
import { createIngestMetrics } from '../src/telemetry/ingest-metrics.js';
import { createWorkMetrics } from '../src/telemetry/work-metrics.js';
import { readExposition, sampleValue } from './support/exposition.js';
import { memoryLog } from './support/http.js';

const nothing = { sources: [], destinations: [] };

describe('the page of metrics', () => {
  it.each([
    ['fails', () => Promise.reject(new Error('the thread has ended'))],
    ['does not answer', () => new Promise<string>(() => {})],
  ])('shows the rest where the work thread %s', async (_what, metrics) => {
    const log = memoryLog();
    const ingest = createIngestMetrics();
    ingest.source('extracta')('accepted', 'new', 0.01);
    const page = await createMetrics({ ingest, work: { metrics }, log, patience: 10 })();
    const families = readExposition(page.text);
    const labels = { source: 'extracta', format: 'new', outcome: 'accepted' };
    expect(sampleValue(families, 'shim_webhooks_total', labels)).toBe(1);
    expect(families.has('process_cpu_seconds_total')).toBe(true);
    expect(log.lines).toEqual([expect.stringContaining('metrics without those of the work thread')]);
  });

  it('says nothing of what is stored where the store could not be read, and what is counted all the same', async () => {
    const metrics = createWorkMetrics(nothing);
    metrics.attempts('billing')('delivered', 20, 3_000);
    const families = readExposition(await metrics.text(null, 0));
    expect(families.get('shim_quarantine')?.samples).toEqual([]);
    expect(families.get('shim_backlog')?.samples).toEqual([]);
    expect(sampleValue(families, 'shim_end_to_end_seconds_sum', { destination: 'billing' })).toBe(3);
  });
});
