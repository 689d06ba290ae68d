import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a connection of the server does for its clients, one transaction or all their life. */
interface Backend {
  take(client: Socket, message: Buffer): void;
  end(): void;
}

/**
 * A pooler between a client and PostgreSQL, as PgBouncer is one: it answers a client's greeting by itself, and hands a
 * connection of the server, of which it has one, to whoever begins a transaction; or with `session` one to each client.
 *
 * @param most so many connections it has for sessions: whoever comes when all are taken is let in, and waits
 * @returns the URL of the database by way of it
 */
export async function startPooler(
  to: string,
  mode: 'session' | 'transaction',
  most = Number.POSITIVE_INFINITY,
): Promise<string> {
  const target = new URL(to);
  const password = decodeURIComponent(target.password);
  const port = Number(target.port);
  const backends = new Set<Backend>();
  const clients: Socket[] = [];
  const backendFor = (greeting: Buffer): Backend => {
    const [shared] = backends;
    if (mode === 'transaction' && shared !== undefined) return shared;
    if (backends.size >= most) return { take: () => {}, end: () => {} };
    const backend = startBackend(port, greeting, password, mode);
    backends.add(backend);
    return backend;
  };
  const server = createServer((client) => {
    clients.push(client);
    client.on('error', () => client.destroy());
    let backend: Backend | null = null;
    readMessages(client, false, (letter, message) => {
      if (backend === null) {
        backend = backendFor(message);
        client.write(Buffer.concat([WELCOME, processKey(), READY]));
      } else if (letter !== 'X') backend.take(client, message);
    });
    client.on('close', () => {
      if (mode === 'transaction' || backend === null) return;
      backend.end();
      backends.delete(backend);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    for (const backend of backends) backend.end();
    server.close();
  });
  target.port = String((server.address() as AddressInfo).port);
  return target.href;
}

/** @param greeting of the client for whom it is made */
function startBackend(port: number, greeting: Buffer, password: string, mode: string): Backend {
  let ready = false;
  let owner: Socket | null = null;
  let waiting: { readonly client: Socket; readonly message: Buffer }[] = [];
  const socket = connect(port, '127.0.0.1');
  const send = (): void => {
    if (!ready) return;
    owner ??= waiting[0]?.client ?? null;
    for (const { message } of waiting.filter(({ client }) => client === owner)) socket.write(message);
    waiting = waiting.filter(({ client }) => client !== owner);
  };
  socket.on('error', () => socket.destroy()).write(greeting);
  readMessages(socket, true, (letter, message) => {
    if (ready) owner?.write(message);
    else if (letter === 'R' && message.readInt32BE(5) === 3) {
      socket.write(messageOf('p', Buffer.from(`${password}\0`)));
    }
    if (letter !== 'Z') return;
    // The transaction is over.
    if (mode === 'transaction' && message.toString('latin1', 5) === 'I') owner = null;
    ready = true;
    send();
  });
  return {
    take: (client, message) => {
      waiting.push({ client, message });
      send();
    },
    end: () => socket.destroy(),
  };
}

/** A letter, a length that counts its own four bytes, and the rest; the first one of a client has no letter. */
function readMessages(
  socket: Socket,
  lettered: boolean,
  take: (letter: string, message: Buffer) => void,
): void {
  let at = lettered ? 1 : 0;
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= at + 4 && rest.length >= at + rest.readInt32BE(at)) {
      const end = at + rest.readInt32BE(at);
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      const letter = message.toString('latin1', 0, at);
      at = 1;
      take(letter, message);
    }
  });
}

function messageOf(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const WELCOME = messageOf('R', Buffer.alloc(4));
const READY = messageOf('Z', Buffer.from('I'));

/** Of its own making: the process that will answer is not known yet. */
function processKey(): Buffer {
  const body = Buffer.alloc(8);
  body.writeInt32BE(1_000_000_000 + randomInt(1_000_000_000), 0);
  return messageOf('K', body);
}
