// A handler that reads each body, counts it and answers 200. `GET /` tells the count.
import { createServer } from 'node:http';

let count = 0;
const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end(JSON.stringify({ count }));
  request.resume();
  request.on('end', () => {
    count++;
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
