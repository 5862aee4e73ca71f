/**
 * What a token costs: seen before, and new, by algorithm. Medians of CPU time, so that a busy machine does not count.
 *
 * Usage: npm run bench -- kernel/jwt
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createVerifier, type KeySource } from '../src/jwt/index.ts';

const ROUNDS = 7;
const TOKENS = 500;
const SECRET = 'a secret of at least thirty-two bytes';

type Sign = (signed: string) => Buffer;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

const ALGORITHMS: readonly (readonly [alg: string, source: KeySource, sign: Sign])[] = [
  ['HS256', { secret: SECRET }, signed => createHmac('sha256', SECRET).update(signed).digest()],
  ['RS256', publicSource(rsa.publicKey), signed => sign('sha256', Buffer.from(signed), rsa.privateKey)],
  [
    'ES256',
    publicSource(ec.publicKey),
    signed => sign('sha256', Buffer.from(signed), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  ],
];

function publicSource(key: KeyObject): KeySource {
  return { secret: key.export({ type: 'spki', format: 'pem' }) };
}

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokens(alg: string, signIt: Sign): readonly string[] {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return Array.from({ length: TOKENS }, (_, i) => {
    const signed = `${segment({ alg, typ: 'JWT' })}.${segment({ role: 'web_user', sub: String(i), exp })}`;
    return `${signed}.${signIt(signed).toString('base64url')}`;
  });
}

/** The same text in a string of its own, as each request brings it. */
const asReceived = (token: string): string => Buffer.from(token).toString('latin1');

/** Microseconds a token. */
function timed(verify: (token: string) => unknown, list: readonly string[]): number {
  const startedAt = process.cpuUsage();
  for (const token of list) verify(token);
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / list.length;
}

const median = (values: readonly number[]): string =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(1);

console.log('| algorithm | µs of CPU, a new token | one seen before |\n|---|---|---|');
for (const [alg, source, signIt] of ALGORITHMS) {
  const list = tokens(alg, signIt);
  const anew: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { verify } = createVerifier(source);
    anew.push(timed(verify, list));
    again.push(timed(verify, Array.from({ length: 20 }, () => list.map(asReceived)).flat()));
  }
  console.log(`| ${alg} | ${median(anew)} | ${median(again)} |`);
}
