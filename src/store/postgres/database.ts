import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Places, type WaitedForBy } from './places.js';
import { type Address, allBusy, codeOf, isAnswer, storeError } from './store-error.js';

/** What can be bound to a statement. */
export type Value = string | number | boolean | null | Buffer;

/** With a name, it is parsed once a connection; `Row` is what its text selects: nothing checks that at run time. */
export interface Statement<_Row> {
  readonly name?: string;
  readonly text: string;
  /** Milliseconds, where it is less than the store's own limit. */
  readonly timeout?: number;
  /** Default `work`. */
  readonly waitedForBy?: WaitedForBy;
}

/** One connection. Its statements run in the order in which they are called, and wait for no answer before theirs. */
export interface Session {
  query<Row>(statement: Statement<Row>, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** Without waiting for an answer: where it fails, all of it does. What is sent last shares the trip of the COMMIT. */
  send(statement: Statement<never>, ...values: readonly Value[]): void;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly address: Address;
  readonly connections: number;
  /** Milliseconds. */
  readonly statementTimeout: number;
  readonly readOnly: boolean;
  /** Whether senders wait for it: some of the connections are kept for them. */
  readonly receives?: boolean;
}

/** A connection is waited for so long, also while all are busy: a sender that waits has an answer soon after. */
const CONNECT_TIMEOUT = 3_000;
/** The server ends a statement by its own limit; this long after it, it is gone without a word. */
const SILENCE = 2_000;
/** A lost deadlock or a conflict of transactions, of which nothing was done: it is tried again. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01']);
const TRIES = 5;
/** There are fewer than were allowed for. Of those that the store has, one is free soon: it is waited for like any. */
const NO_CONNECTION_LEFT = '53300';
const LONGEST_PAUSE = 200;
/** This server takes no writes: a standby, or one that was told so. */
const TAKES_NO_WRITES = '25006';

/**
 * Each statement leads along its indexes to the few rows that it is about, and is planned once a connection. Left to its
 * statistics PostgreSQL takes a LIMIT or an array that it does not know for a tenth of a table: then it reads all of what
 * waits, which is right for nobody. To compile a plan takes longer than to run it.
 */
const PLANS = [
  ['plan_cache_mode', 'force_generic_plan'],
  ['enable_seqscan', 'off'],
  ['enable_hashjoin', 'off'],
  ['enable_mergejoin', 'off'],
  ['enable_bitmapscan', 'off'],
  ['enable_material', 'off'],
  ['jit', 'off'],
] as const;

/** bigint as a number: ids and times are below 2^53. bigint[] the same. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [20, Number],
  [1016, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))],
]);
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
};

/** A pool of connections that makes new ones by itself when the server was away. What fails rejects with a `StoreError`. */
export class Database {
  readonly #pool: pg.Pool;
  readonly #places: Places;

  constructor(private readonly options: DatabaseOptions) {
    this.#places = new Places(options.connections, CONNECT_TIMEOUT, () => allBusy(options.address));
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      idleTimeoutMillis: 30_000,
      query_timeout: options.statementTimeout + SILENCE,
      keepAlive: true,
      pipeline: true,
      fallback_application_name: 'webhook-shim',
      types,
      onConnect: (client) => prepare(client, options),
    });
    // A connection that breaks tells so twice, here and to whoever uses it: that one is told by its statement.
    const alreadyTold = (): void => {};
    this.#pool.on('error', alreadyTold);
    this.#pool.on('connect', (client) => client.on('error', alreadyTold));
  }

  /** One statement, which is a transaction. */
  query<Row>(statement: Statement<Row>, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#run((session) => session.query(statement, ...values), statement);
  }

  /**
   * Each statement sees what was committed before it began: so what is read after a lock is what the one before has left.
   * Whatever `work` throws undoes it. It may run more than once, where another transaction was in the way.
   *
   * @param limit milliseconds that each statement may take, where it is not the store's
   */
  transaction<T>(
    work: (session: Session) => Promise<T>,
    { limit, waitedForBy }: { readonly limit?: number; readonly waitedForBy?: WaitedForBy } = {},
  ): Promise<T> {
    const all = async (session: Session): Promise<T> => {
      session.send({ text: 'BEGIN' });
      if (limit !== undefined) session.send({ text: `SET LOCAL statement_timeout = ${limit}` });
      const result = await work(session);
      session.send({ text: 'COMMIT' });
      return result;
    };
    return this.#run(all, waitedForBy === undefined ? {} : { waitedForBy }, limit);
  }

  /** Waits for what is under way. */
  close(): Promise<void> {
    return this.#pool.end();
  }

  async #run<T>(
    work: (session: Session) => Promise<T>,
    { waitedForBy = 'work' }: { readonly waitedForBy?: WaitedForBy },
    limit?: number,
  ): Promise<T> {
    const by = this.options.receives ? waitedForBy : 'sender';
    const until = performance.now() + CONNECT_TIMEOUT;
    const isTriedAgain = (code: string, tries: number): boolean =>
      code === NO_CONNECTION_LEFT ? performance.now() < until : CONFLICTS.has(code) && tries < TRIES;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#places.with(by, () => this.#once(work, limit));
      } catch (error) {
        if (!isTriedAgain(codeOf(error), tries)) throw storeError(this.options.address, error);
        await sleep(Math.min(tries * tries * 5, LONGEST_PAUSE));
      }
    }
  }

  async #once<T>(work: (session: Session) => Promise<T>, limit?: number): Promise<T> {
    const client = await this.#pool.connect();
    const asked: Promise<unknown>[] = [];
    const query: Session['query'] = (statement, ...values) => {
      const answer = rowsOf(client, statement, values, limit);
      asked.push(answer);
      return answer;
    };
    const send: Session['send'] = (statement, ...values) => {
      query(statement, ...values).catch(() => undefined);
    };
    try {
      const result = await work({ query, send });
      await Promise.all(asked);
      client.release();
      return result;
    } catch (error) {
      // Nothing of it may still be on its way when the connection goes to the next one. The first that failed is the
      // reason: those after it only say that the transaction is over.
      const answers = await Promise.allSettled(asked);
      const first = answers.find((answer) => answer.status === 'rejected');
      const reason: unknown = first?.reason ?? error;
      // A server that takes no writes is left: behind the same address there may be another one by now.
      const over = first !== undefined && (!isAnswer(reason) || codeOf(reason) === TAKES_NO_WRITES);
      const usable = !over && (await rolledBack(client));
      client.release(!usable);
      throw reason;
    }
  }
}

async function rowsOf<Row>(
  client: pg.PoolClient,
  { name, text, timeout }: Statement<Row>,
  values: readonly Value[],
  limit?: number,
): Promise<readonly Row[]> {
  const wait = timeout ?? (limit === undefined ? undefined : limit + SILENCE);
  const { rows } = await client.query({
    text,
    values: [...values],
    ...(name === undefined ? {} : { name }),
    ...(wait === undefined ? {} : { query_timeout: wait }),
  });
  // The one border where rows get their type: the statement's author states it beside its text.
  return rows as readonly Row[];
}

/** @returns whether the connection can go on. */
async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/**
 * What each connection has to hold to: an answer means that it is on disk, so a database or user that is set to less is
 * raised to it, and one that is set to more is left. Statements wait for one another and then go on with what is there
 * now, whatever isolation is set: with a stricter one those that come second would fail, webhooks among them. A client
 * that vanished holds its locks no longer than a statement.
 * Whoever lists writes nothing; where the database itself is set to take no writes, that is meant, and holds.
 */
async function prepare(
  client: pg.ClientBase,
  { statementTimeout, readOnly }: DatabaseOptions,
): Promise<void> {
  const text = `SELECT set_config('statement_timeout', '${statementTimeout}', false),
            set_config('idle_in_transaction_session_timeout', '${statementTimeout}', false),
            set_config('default_transaction_isolation', 'read committed', false),
            ${PLANS.map(([name, value]) => `set_config('${name}', '${value}', false)`)},
            ${readOnly ? `set_config('default_transaction_read_only', 'on', false),` : ''}
            CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                 THEN set_config('synchronous_commit', 'on', false) END`;
  // A pooler that has no connection left lets clients in all the same, and answers later, if at all.
  const once = { text, query_timeout: CONNECT_TIMEOUT };
  await client.query(once);
}
