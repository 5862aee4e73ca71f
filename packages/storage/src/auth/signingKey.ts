import { type HmacKey, hmac, hmacKey } from './hmac.ts';

/** What a signature is valid for. */
export interface Scope {
  /** `20261128` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

const keys = new Map<string, HmacKey>();
const maxKeys = 1024;

/** The day's key, of which a client needs one; kept, as making one costs four digests. */
export function signingKey(secretKey: string, { date, region, service }: Scope): HmacKey {
  const name = `${secretKey}\0${date}\0${region}\0${service}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  let key = hmacKey(`AWS4${secretKey}`);
  for (const part of [date, region, service, 'aws4_request']) key = hmacKey(hmac(key, part));
  if (keys.size >= maxKeys) keys.clear();
  keys.set(name, key);
  return key;
}

export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/aws4_request`;
}
