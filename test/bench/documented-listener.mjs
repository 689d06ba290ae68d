// The vendor's documented listener: Express, body-parser, HMAC over the result string. It stores and forwards nothing.
import { createHmac } from 'node:crypto';
import bodyParser from 'body-parser';
import express from 'express';

const secret = process.env.EXTRACTA_WEBHOOK_SECRET ?? '';
const app = express();
app.use(bodyParser.json({ limit: '10mb' }));

app.post('/webhook', (req, res) => {
  const signature = req.headers['x-webhook-signature'];
  const { result } = req.body;
  const expected = createHmac('sha256', secret.replace('E_AI_K_', '')).update(result).digest('base64');
  if (signature !== expected) return res.status(401).json({ message: 'Webhook is not properly signed' });
  res.status(200).json({ message: 'Webhook received' });
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`);
});
