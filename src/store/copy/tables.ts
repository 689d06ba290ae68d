/**
 * What is copied from one store to another: tables with the columns that PostgreSQL has for them, in its ids. `ref` is
 * an id of what retention may have removed since.
 */
export type Kind = 'int' | 'ref' | 'float' | 'bool' | 'text' | 'hex';

export type Value = string | number | boolean | null;
/** A value for each column, in their order. */
export type Row = readonly Value[];

export interface Table {
  readonly columns: Readonly<Record<string, Kind>>;
  /** What tells its rows apart. */
  readonly key: readonly string[];
  /**
   * `added`: rows are made at the end, and never changed. `changing`: the same, but for those that are not over yet,
   * and dead letters, which may be discarded.
   * `replaced`: few, or all of it may change, so that it is copied as a whole each time.
   */
  readonly rows: 'added' | 'changing' | 'replaced';
}

/** What is referred to comes before what refers to it. */
const TABLES = {
  webhooks: {
    columns: {
      id: 'int',
      source: 'text',
      format: 'text',
      received_at: 'int',
      secret_index: 'int',
      signature: 'text',
      body: 'text',
    },
    key: ['id'],
    rows: 'added',
  },
  events: {
    columns: {
      id: 'int',
      webhook_id: 'int',
      received_at: 'int',
      event: 'text',
      message_id: 'text',
      plain: 'bool',
      files: 'int',
      duplicate_of: 'ref',
      body: 'text',
    },
    key: ['id'],
    rows: 'added',
  },
  sightings: {
    columns: {
      id: 'int',
      event_id: 'ref',
      seen_at: 'int',
      format: 'text',
      accepted: 'bool',
      key: 'int',
      subject: 'hex',
      digest: 'hex',
    },
    key: ['id'],
    rows: 'added',
  },
  deliveries: {
    columns: {
      id: 'int',
      event_id: 'int',
      destination: 'text',
      mode: 'text',
      share: 'float',
      state: 'text',
      created_at: 'int',
      attempts: 'int',
      ended_at: 'int',
      reason: 'text',
      last_status: 'int',
      last_error: 'text',
      fault: 'text',
      after_dead: 'ref',
      replayed: 'bool',
    },
    key: ['id'],
    rows: 'changing',
  },
  attempts: {
    columns: {
      delivery_id: 'int',
      number: 'int',
      started_at: 'int',
      duration: 'int',
      status: 'int',
      error: 'text',
      response: 'text',
      mode: 'text',
      share: 'float',
      fault: 'text',
    },
    key: ['delivery_id', 'number'],
    rows: 'added',
  },
  inbox: {
    columns: { webhook_id: 'int', source: 'text', format: 'text', received_at: 'int', size: 'int' },
    key: ['webhook_id'],
    rows: 'replaced',
  },
  quarantine: {
    columns: {
      webhook_id: 'int',
      source: 'text',
      format: 'text',
      received_at: 'int',
      size: 'int',
      state: 'text',
      reason: 'text',
      errors: 'text',
      note: 'text',
      changed_at: 'int',
    },
    key: ['webhook_id'],
    rows: 'replaced',
  },
  outbox: {
    columns: {
      delivery_id: 'int',
      event_id: 'int',
      webhook_id: 'int',
      destination: 'text',
      mode: 'text',
      share: 'float',
      whole: 'bool',
      size: 'int',
      created_at: 'int',
      number: 'int',
      due_at: 'int',
      fence: 'int',
      attempts: 'int',
      lined: 'bool',
      after_dead: 'ref',
    },
    key: ['delivery_id'],
    rows: 'replaced',
  },
  destinations: {
    columns: {
      name: 'text',
      paused_at: 'int',
      pause_reason: 'text',
      pause_note: 'text',
      open_until: 'int',
      open_reason: 'text',
      rate_at: 'float',
      ordered: 'text',
    },
    key: ['name'],
    rows: 'replaced',
  },
  unkeyed_deliveries: {
    columns: { destination: 'text', position: 'int', delivery_id: 'int' },
    key: ['destination', 'position', 'delivery_id'],
    rows: 'replaced',
  },
  delivery_keys: {
    columns: { destination: 'text', order_key: 'text', position: 'int', delivery_id: 'int' },
    key: ['destination', 'order_key', 'position', 'delivery_id'],
    rows: 'replaced',
  },
  refused: {
    columns: {
      id: 'int',
      source: 'text',
      kept: 'bool',
      received_at: 'int',
      reason: 'text',
      address: 'text',
      path: 'text',
      size: 'int',
      well_formed: 'bool',
      signature: 'text',
      body: 'text',
    },
    key: ['id'],
    rows: 'replaced',
  },
  refused_counts: {
    columns: { source: 'text', day: 'int', reason: 'text', count: 'int' },
    key: ['source', 'day', 'reason'],
    rows: 'replaced',
  },
  last_seen: {
    columns: {
      source: 'text',
      format: 'text',
      secret_index: 'int',
      slot: 'int',
      first_at: 'int',
      last_at: 'int',
      count: 'int',
    },
    key: ['source', 'format', 'secret_index', 'slot'],
    rows: 'replaced',
  },
  up_times: {
    columns: { from_at: 'int', to_at: 'int' },
    key: ['from_at'],
    rows: 'replaced',
  },
  extractions_seen: {
    columns: { id: 'int', source: 'text', extraction: 'text', first_at: 'int', last_at: 'int', count: 'int' },
    key: ['id'],
    rows: 'replaced',
  },
  fields_seen: {
    columns: { extraction_id: 'int', path: 'text', first_at: 'int', last_at: 'int', count: 'int' },
    key: ['extraction_id', 'path'],
    rows: 'replaced',
  },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;

// The keys of a literal are known: `Object.keys` does not say so.
export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

export const tableOf = (name: TableName): Table => TABLES[name];
