import { randomUUID } from 'node:crypto';
import { eventBody } from '../formats/forward.js';
import type { Format } from '../model.js';
import { wrapLegacy } from './request-body.js';

/** A file as the vendor sends it, with ids of its own. */
export interface SampleFile {
  readonly extractionId: string;
  readonly batchId: string;
  readonly fileId: string;
  readonly fileName: string;
  readonly status: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly error?: string;
}

/** An invoice that was read. */
export function sampleFile(overrides: Partial<SampleFile> = {}): SampleFile {
  const fileId = `fil_${randomUUID()}`;
  const fileName = overrides.fileName ?? 'invoice-1042.pdf';
  return {
    extractionId: 'demoExtraction',
    batchId: `bat_${randomUUID()}`,
    fileId,
    fileName,
    status: 'processed',
    result: {
      invoice_number: 'INV-2026-1042',
      invoice_date: '2026-03-01',
      supplier: { name: 'Müller & Söhne GmbH', vat_id: 'DE123456789' },
      currency: 'EUR',
      total: 1250.5,
      items: [
        { description: 'Toner', quantity: 2, unit_price: 75.25 },
        { description: 'Desk', quantity: 1, unit_price: 1100 },
      ],
    },
    url: `https://files.example.com/${fileId}/${fileName}`,
    ...overrides,
  };
}

/** A file that could not be read: it has an error and no result. */
export function failedFile(overrides: Partial<SampleFile> = {}): SampleFile {
  const { result: _, ...file } = sampleFile({ fileName: 'scan.tiff', ...overrides });
  return { ...file, status: 'failed', error: 'Unsupported format' };
}

export const legacyBody = (files: unknown): string => wrapLegacy(JSON.stringify(files));

/** A request body with one file, each time with other ids, so that none is taken for a repeat. */
export const sampleBody = (format: Format): string =>
  format === 'legacy'
    ? legacyBody([sampleFile()])
    : eventBody('extraction.processed', JSON.stringify([sampleFile()]));
