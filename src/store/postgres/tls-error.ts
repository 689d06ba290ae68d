const UNKNOWN_AUTHORITY = (): string =>
  'its certificate is not signed by an authority that is known here: name the file of its authority in store.url (sslrootcert=/path/ca.pem)';

/** By error code of Node and OpenSSL. */
const MEANING: Readonly<Record<string, (detail: string) => string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: () => 'its certificate, or that of its authority, has expired: renew it on the server',
  CERT_NOT_YET_VALID: () => 'its certificate is not valid yet: look at the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID: (detail) =>
    `its certificate is for another name (${detail}): name the server in store.url as its certificate does`,
};

/** What went wrong with TLS and what to do about it; undefined where it is something else. */
export function tlsText(code: string, detail: string): string | undefined {
  const alert = /^ERR_SSL_.*ALERT_(?<name>.*)$/.exec(code)?.groups?.name;
  if (alert !== undefined) {
    return `the server broke off TLS (${alert.toLowerCase().replaceAll('_', ' ')}): it may ask for another client certificate (sslcert and sslkey in store.url)`;
  }
  if (/^ERR_(OSSL_|MISSING_PASSPHRASE)/.test(code)) {
    return `the files in store.url cannot be used for TLS (${detail}): sslcert and sslkey are in PEM, made for each other, the key without a passphrase`;
  }
  return MEANING[code]?.(detail);
}
