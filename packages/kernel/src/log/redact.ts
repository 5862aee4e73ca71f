/** Keeps secrets out of log records: by key name, by registered value, and by shape (URL passwords, JWTs). */

const MASK = '[redacted]';
const SECRET_KEY =
  /(?:^|_)pass$|password|passwd|passphrase|secret|token|authori[sz]ation|api_?key|cookie|credential|private_?key|access_?key|(?:^|_)(?:jwt|pwd)$/;
const URL_PASSWORD = /([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]{0,256}):[^\s/@]{1,1024}@/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*/g;

const MAX_TEXT = 8192;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;
/** Shorter values would mask ordinary words. */
const MIN_SECRET_LENGTH = 6;

const secretKeys = new Map<string, boolean>();
const MAX_KNOWN_KEYS = 1024;
const MAX_KNOWN_LENGTH = 64;

/** Whether a field's name says that its value is secret: `DB_PASS`, `jwtSecret`, `x-api-key`. Remembered by name. */
function isSecretKey(key: string): boolean {
  const known = secretKeys.get(key);
  if (known !== undefined) return known;
  const words = key
    .slice(0, 256)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase();
  const secret = SECRET_KEY.test(words);
  if (key.length <= MAX_KNOWN_LENGTH && secretKeys.size < MAX_KNOWN_KEYS) secretKeys.set(key, secret);
  return secret;
}

export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | null = null;

  /** From now on this value is masked wherever it occurs in a text, also percent-encoded. */
  register(secret: string): void {
    if (secret.length < MIN_SECRET_LENGTH) return;
    this.#secrets.add(secret);
    this.#secrets.add(encodeURIComponent(secret.toWellFormed()));
    const escaped = [...this.#secrets]
      .sort((a, b) => b.length - a.length)
      .map(text => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    this.#pattern = new RegExp(escaped.join('|'), 'g');
  }

  /** A text without secrets, and not longer than 8192 characters. */
  text(text: string): string {
    let clean = text;
    if (this.#pattern !== null) clean = clean.replace(this.#pattern, MASK);
    // Cut after masking registered values: half a secret wouldn't be recognised.
    if (clean.length > MAX_TEXT) clean = `${clean.slice(0, MAX_TEXT)}… (${clean.length} characters)`;
    if (clean.includes('://')) clean = clean.replace(URL_PASSWORD, `$1:${MASK}@`);
    if (clean.includes('eyJ')) clean = clean.replace(JWT, MASK);
    return clean;
  }

  /** Any value as plain JSON data without secrets; bounded in depth and breadth, safe on cycles. */
  value(value: unknown, depth = 0): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
      case 'undefined':
        return value;
      case 'bigint':
      case 'symbol':
        return String(value);
      case 'function':
        return '[function]';
      default:
        return value === null ? null : this.#object(value as object, depth);
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth >= MAX_DEPTH) return '[deep]';
    if (value instanceof Error) return this.#error(value, depth);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof URL) return this.text(value.href);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Map) return this.#object(Object.fromEntries(value), depth);
    if (value instanceof Set) return this.#object([...value], depth);
    if (Array.isArray(value)) {
      const items = value.slice(0, MAX_ENTRIES).map(item => this.value(item, depth + 1));
      if (value.length > MAX_ENTRIES) items.push(`… ${value.length - MAX_ENTRIES} more`);
      return items;
    }
    const clean: Record<string, unknown> = {};
    const entries = Object.entries(value);
    for (const [key, item] of entries.slice(0, MAX_ENTRIES)) clean[key] = this.field(key, item, depth + 1);
    if (entries.length > MAX_ENTRIES) clean['…'] = `${entries.length - MAX_ENTRIES} more`;
    return clean;
  }

  /** A value under its key: masked whole when the key says that it is secret. */
  field(key: string, value: unknown, depth = 0): unknown {
    const hides =
      isSecretKey(key) && (typeof value === 'string' || (typeof value === 'object' && value !== null));
    return hides && value !== '' ? MASK : this.value(value, depth);
  }

  #error(error: Error, depth: number): unknown {
    const clean: Record<string, unknown> = { name: error.name, message: this.text(error.message) };
    for (const [key, item] of Object.entries(error).slice(0, MAX_ENTRIES)) {
      if (key !== 'name') clean[key] = this.field(key, item, depth + 1);
    }
    if (error.stack !== undefined) clean.stack = this.text(error.stack);
    if (error.cause !== undefined) clean.cause = this.value(error.cause, depth + 1);
    return clean;
  }
}
