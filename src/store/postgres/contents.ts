import type { Format } from '../../model.js';
import type { UnkeyedDelivery } from '../destination-verbs.js';
import { fromOptionalText, fromText } from './values.js';

/** A delivery with all that it is made of, as it is read. */
export interface ContentsRow {
  readonly id: number;
  readonly whole: boolean;
  readonly event: string;
  readonly body: string | null;
  readonly plain: boolean;
  readonly webhookId: number;
  readonly source: string;
  readonly format: Format;
  readonly raw: string;
  readonly signature: string;
}

/** As SQL: what is read of the event `e` and of the webhook `w`. */
export const CONTENTS =
  'e.event, e.body, e.plain, w.id AS "webhookId", w.source, w.format, w.body AS raw, w.signature';

export const contentsOf = (row: ContentsRow): UnkeyedDelivery => ({
  id: row.id,
  whole: row.whole,
  event: fromText(row.event),
  body: fromOptionalText(row.body),
  plain: row.plain,
  webhook: {
    id: row.webhookId,
    source: row.source,
    format: row.format,
    body: fromText(row.raw),
    signature: fromText(row.signature),
  },
});
