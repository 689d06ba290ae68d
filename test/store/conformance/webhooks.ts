import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import { claimWebhooks, converted, ids, LEASE, only, putOne, T0, webhook, webhooks } from '../samples.js';

const TEXTS = {
  'a surrogate pair': '{"result":"😀 𝒳 \u{10FFFF}"}',
  'letters of many scripts': '{"result":"Zażółć 漢字 עברית"}',
  'a byte order mark': '\uFEFF{"result":"\uFEFF"}',
  'the highest code points of a plane': '\uFFFE\uFFFF',
  'every control character': Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join(''),
  'U+0000 first, within and last': '\0{"result":"a\0b 漢"}\0',
  'line breaks as they are': 'a\r\nb\nc\rd\u2028e\u2029',
  'quotes and backslashes': `'"\\\\''"";--`,
  nothing: '',
};

export function webhookRules(given: Given): void {
  describe('webhooks', () => {
    it('gives ids in the order given, ever growing', async () => {
      const first = await given.store.putWebhooks(webhooks(40));
      const second = await given.store.putWebhooks(webhooks(3));
      const all = [...first, ...second];
      expect(all).toEqual([...all].sort((a, b) => a - b));
      expect(new Set(all).size).toBe(43);
      const bodies = await Promise.all(first.map(async (id) => (await given.store.getWebhook(id))?.body));
      expect(bodies).toEqual(webhooks(40).map(({ body }) => body));
    });

    it('takes an empty batch', async () => {
      expect(await given.store.putWebhooks([])).toEqual([]);
    });

    it('has them after a restart, as they came', async () => {
      const sent = webhook({ format: 'new', source: 'other', secretIndex: 1, receivedAt: T0 + 7 });
      const id = only(await given.store.putWebhooks([sent]));
      const store = await given.reopen();
      expect(only(await claimWebhooks(store))).toEqual({ ...sent, id });
      expect(await store.getWebhook(id)).toEqual({
        ...sent,
        id,
        state: 'received',
        reason: null,
        errors: [],
        note: null,
      });
    });

    it.each(Object.entries(TEXTS))('keeps %s in body and signature', async (_, value) => {
      const id = await putOne(given.store, { body: value, signature: value });
      const store = await given.reopen();
      expect(await store.getWebhook(id)).toMatchObject({ body: value, signature: value });
      expect(only(await claimWebhooks(store))).toMatchObject({ body: value, signature: value });
    });

    it('keeps a body of 10 MiB', async () => {
      const body = `{"result":"${'0123456789abcdé😀'.repeat(650_000)}"}`;
      const id = await putOne(given.store, { body });
      const store = await given.reopen();
      expect((await store.getWebhook(id))?.body === body).toBe(true);
    });

    it('hands out those that wait, oldest first, no more than asked for', async () => {
      const stored = await given.store.putWebhooks(webhooks(25));
      const first = await claimWebhooks(given.store, T0, 10);
      const second = await claimWebhooks(given.store, T0, 10);
      const third = await claimWebhooks(given.store, T0, 10);
      expect(ids([...first, ...second, ...third])).toEqual(stored);
      expect(third).toHaveLength(5);
    });

    it('hands nothing out twice within the lease, and again after it', async () => {
      const stored = await given.store.putWebhooks(webhooks(3));
      expect(ids(await claimWebhooks(given.store, T0))).toEqual(stored);
      expect(await claimWebhooks(given.store, T0 + LEASE - 1)).toEqual([]);
      const later = await given.store.putWebhooks(webhooks(2));
      expect(ids(await claimWebhooks(given.store, T0 + LEASE))).toEqual([...stored, ...later]);
      expect(await claimWebhooks(given.store, T0 + LEASE)).toEqual([]);
    });

    it('hands out what came later when the lease of an older one ends', async () => {
      const [first = 0, second = 0] = await given.store.putWebhooks(webhooks(2));
      expect(ids(await claimWebhooks(given.store, T0, 1))).toEqual([first]);
      expect(ids(await claimWebhooks(given.store, T0 + 1000, 1))).toEqual([second]);
      expect(ids(await claimWebhooks(given.store, T0 + LEASE, 5))).toEqual([first]);
      expect(ids(await claimWebhooks(given.store, T0 + LEASE + 1000, 5))).toEqual([second]);
    });

    it('shares out webhooks between claims made at once', async () => {
      const stored = await given.store.putWebhooks(webhooks(60));
      const claims = await Promise.all(Array.from({ length: 6 }, () => claimWebhooks(given.store, T0, 20)));
      expect(ids(claims.flat()).toSorted((a, b) => a - b)).toEqual(stored);
    });

    it('hands out no more what was converted, restart or not', async () => {
      const [first = 0, second = 0] = await given.store.putWebhooks(webhooks(2));
      await claimWebhooks(given.store);
      await given.store.saveConversions([converted(first)], T0);
      expect(ids(await claimWebhooks(given.store, T0 + LEASE))).toEqual([second]);
      const store = await given.reopen();
      expect(ids(await claimWebhooks(store, T0 + 2 * LEASE))).toEqual([second]);
    });

    it('hands out many large bodies over several claims, all of them in the end', async () => {
      const body = 'x'.repeat(2 * 1024 * 1024);
      const stored: number[] = [];
      // One by one: what takes too long to store is given up, and a busy machine may take long for all at once.
      for (let index = 0; index < 12; index++) stored.push(await putOne(given.store, { body }));
      const claims: (readonly number[])[] = [];
      for (let claimed = await claimWebhooks(given.store); claimed.length > 0; ) {
        claims.push(ids(claimed));
        claimed = await claimWebhooks(given.store);
      }
      expect(claims.flat()).toEqual(stored);
      // Of 16 MiB.
      expect(Math.max(...claims.map(({ length }) => length))).toBe(8);
    });

    it('knows no webhook by a number that was never given', async () => {
      expect(await given.store.getWebhook(12_345)).toBeNull();
    });
  });
}
