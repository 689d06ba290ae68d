import type { StoredWebhook, Verified } from '../model.js';

/** Only verified webhooks are ever stored, so that what is read from there is verified. */
export const asVerified = <Webhook extends StoredWebhook>(read: Webhook): Verified<Webhook> =>
  read as Verified<Webhook>;
