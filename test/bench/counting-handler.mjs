// A handler that reads each body, counts it and answers 200, after DELAY milliseconds where that is set. `GET /` tells
// the count.
import { createServer } from 'node:http';

const delay = Number(process.env.DELAY ?? 0);
let count = 0;
const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify({ count }));
  request.resume();
  request.on('end', () => {
    count++;
    if (delay === 0) response.end();
    else setTimeout(() => response.end(), delay);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
