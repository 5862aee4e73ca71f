import { Buffer } from 'node:buffer';
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { ConnectionError } from '../errors.ts';

const derive = promisify(pbkdf2);
/** A server may ask for this many rounds at most: more would only burn the client's CPU. */
const maxIterations = 1_000_000;

/** The client's half of SCRAM-SHA-256. @see https://www.rfc-editor.org/rfc/rfc7677 */
export interface Scram {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  /** First message. */
  readonly first: string;
  /** Answer to the server's challenge. @throws {ConnectionError} when the challenge is malformed. */
  answer(serverFirst: string): Promise<string>;
  /** @throws {ConnectionError} when the server does not know the password either. */
  verify(serverFinal: string): void;
}

/**
 * @param binding channel-binding data (tls-server-end-point) for the PLUS mechanism.
 * @param clientSupportsBinding whether we would have bound had the server offered PLUS (guards against a downgrade).
 */
export function createScram(password: string, binding: Buffer | null, clientSupportsBinding: boolean): Scram {
  const nonce = randomBytes(18).toString('base64');
  const header = binding ? 'p=tls-server-end-point,,' : clientSupportsBinding ? 'y,,' : 'n,,';
  const bare = `n=,r=${nonce}`;
  let expected: Buffer | null = null;
  return {
    mechanism: binding ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256',
    first: header + bare,
    async answer(serverFirst) {
      const attributes = parseAttributes(serverFirst);
      const combined = attributes.get('r') ?? '';
      const salt = Buffer.from(attributes.get('s') ?? '', 'base64');
      const iterations = Number(attributes.get('i'));
      if (!combined.startsWith(nonce) || combined.length === nonce.length || salt.length === 0) {
        throw new ConnectionError('The server sent a malformed SCRAM challenge');
      }
      if (!Number.isInteger(iterations) || iterations < 1 || iterations > maxIterations) {
        throw new ConnectionError('The server asks for an unacceptable number of SCRAM iterations');
      }
      const salted = await derive(prepareSasl(password), salt, iterations, 32, 'sha256');
      const clientKey = hmac(salted, 'Client Key');
      const storedKey = createHash('sha256').update(clientKey).digest();
      const channel = Buffer.concat([Buffer.from(header), binding ?? Buffer.alloc(0)]).toString('base64');
      const withoutProof = `c=${channel},r=${combined}`;
      const authMessage = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(storedKey, authMessage);
      const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
      expected = hmac(hmac(salted, 'Server Key'), authMessage);
      return `${withoutProof},p=${proof.toString('base64')}`;
    },
    verify(serverFinal) {
      const given = Buffer.from(parseAttributes(serverFinal).get('v') ?? '', 'base64');
      if (!expected || given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new ConnectionError('The server failed to prove that it knows the password');
      }
    },
  };
}

/**
 * Hash of the server's certificate for tls-server-end-point, by its signature's digest (SHA-256 in place of MD5 and SHA-1);
 * null when the signature names no digest (Ed25519), for which RFC 5929 defines no binding.
 * @see https://www.rfc-editor.org/rfc/rfc5929#section-4
 */
export function endPointBinding(certificate: Buffer): Buffer | null {
  const algorithm = new X509Certificate(certificate).signatureAlgorithm ?? '';
  const digest = /(sha(?:224|256|384|512)|sha1|md5)/i.exec(algorithm.replaceAll('-', ''))?.[1]?.toLowerCase();
  if (!digest) return null;
  return createHash(digest === 'sha1' || digest === 'md5' ? 'sha256' : digest)
    .update(certificate)
    .digest();
}

/**
 * SASLprep as PostgreSQL does it: spaces unified, invisible characters dropped, NFKC; a password with forbidden
 * characters is used as it is. @see https://www.rfc-editor.org/rfc/rfc4013
 */
export function prepareSasl(password: string): string {
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the class lists single code points of RFC 3454 table B.1
  const dropped = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g;
  const prepared = password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(dropped, '')
    .normalize('NFKC');
  const forbidden = /[\u0000-\u001f\u007f-\u009f\ue000-\uf8ff\ufff9-\uffff\u2028\u2029]|\p{Cn}|\p{Cs}/u;
  return prepared === '' || forbidden.test(prepared) ? password : prepared;
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function parseAttributes(message: string): Map<string, string> {
  return new Map(message.split(',').map(part => [part.slice(0, 1), part.slice(2)]));
}
