import { createHmac } from 'node:crypto';

/** What the vendor's documented listener computes over a request body, in its own words. */
export function documentedSignature(body: string, secret: string): string {
  const { result } = JSON.parse(body) as { result: unknown };
  const text = typeof result === 'string' ? result : JSON.stringify(result);
  return createHmac('sha256', secret.replace('E_AI_K_', '')).update(text).digest('base64');
}
