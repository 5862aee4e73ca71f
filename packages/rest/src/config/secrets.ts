/** Settings that name a file, and the decoding of the JWT secret. Effect: reads files. */
import { readFile } from 'node:fs/promises';
import { ConfigError } from './error.ts';
import type { UnresolvedConfig } from './settings.ts';
import type { RestConfig } from './types.ts';

/** The shortest shared secret that is admitted, in bytes. @see https://www.rfc-editor.org/rfc/rfc7518#section-3.2 */
const minSecretBytes = 32;

/**
 * Follows `@file` in `db-uri` and `jwt-secret` and decodes base64. `knownDbUri` spares reading the URI again (it may have
 * come from standard input, which can be read only once).
 * @throws {ConfigError} when a file cannot be read, or the secret is not base64 or too short.
 */
export async function resolveSecrets(
  config: UnresolvedConfig,
  knownDbUri: string | null,
): Promise<RestConfig> {
  const dbUri = knownDbUri ?? (await readIfFile('db-uri', config.dbUri)).toString('utf8').trim();
  return { ...config, dbUri, jwtSecret: await resolveJwtSecret(config) };
}

async function resolveJwtSecret(config: UnresolvedConfig): Promise<Uint8Array | null> {
  if (config.jwtSecret === null) return null;
  const bytes = chomp(await readIfFile('jwt-secret', config.jwtSecret), config.jwtSecret.startsWith('@'));
  const secret = config.jwtSecretIsBase64 ? decodeBase64(bytes.toString('utf8')) : bytes;
  if (secret.length < minSecretBytes && !isJsonObject(secret)) {
    throw new ConfigError('The JWT secret must be at least 32 characters long.');
  }
  return secret;
}

async function readIfFile(key: string, value: string): Promise<Buffer> {
  if (!value.startsWith('@')) return Buffer.from(value, 'utf8');
  const path = value.slice(1);
  try {
    return path === '/dev/stdin' ? await readStandardInput() : await readFile(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the file of ${key}: ${(cause as Error).message}`, { cause });
  }
}

let standardInput: Promise<Buffer> | undefined;

/** Remembered, as it can be read only once and a reload asks for it again. */
const readStandardInput = (): Promise<Buffer> => {
  standardInput ??= collect(process.stdin);
  return standardInput;
};

/** As a stream: standard input may be a socket, which cannot be opened by its path. */
async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const chomp = (bytes: Buffer, isFile: boolean): Buffer =>
  isFile && bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;

/** Both alphabets, and `.` for padding, as some identity providers write it. */
function decodeBase64(text: string): Buffer {
  const standard = text.replaceAll('_', '/').replaceAll('-', '+').replaceAll('.', '=').trim();
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(standard)) {
    throw new ConfigError('jwt-secret is not valid base64, though jwt-secret-is-base64 is set.');
  }
  return Buffer.from(standard, 'base64');
}

function isJsonObject(bytes: Buffer): boolean {
  if (bytes[0] !== 0x7b) return false;
  try {
    return typeof JSON.parse(bytes.toString('utf8')) === 'object';
  } catch {
    // Not a JWK: judged by its length as a shared secret.
    return false;
  }
}
