import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import * as jose from 'jose';
import { createVerifier, type Jwk, JwtError, type JwtErrorReason, JwtKeyError, signJwt } from './index.ts';

const SECRET = 'reallyreallyreallyreallyverysafe';
const NOW = 1_800_000_000;
const now = () => NOW * 1000;
const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function refusal(run: () => unknown): JwtError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof JwtError, String(error));
    return error;
  }
  assert.fail('the token was accepted');
}

const reasonOf = (token: string, options: Parameters<typeof createVerifier>[0] = { secret: SECRET, now }) =>
  refusal(() => createVerifier(options).verify(token)).reason;

describe('a token signed with the shared secret', () => {
  it('gives its claims, and their text as the token spells it', () => {
    const payload = '{"role":"app_user", "big":12345678901234567890,"sub":"ä"}';
    const signed = `${b64({ alg: 'HS256' })}.${b64(payload)}`;
    const token = `${signed}.${signJwt({}, SECRET).split('.')[2]}`;
    assert.equal(reasonOf(token), 'wrongSignature');
    const good = signJwt({ role: 'app_user' }, SECRET);
    assert.deepEqual(createVerifier({ secret: SECRET }).verify(good).claims, { role: 'app_user' });
  });

  it('keeps numbers that JavaScript can not hold', async () => {
    const { createHmac } = await import('node:crypto');
    const payload = '{"big":12345678901234567890}';
    const signed = `${b64({ alg: 'HS256' })}.${b64(payload)}`;
    const token = `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
    assert.equal(createVerifier({ secret: SECRET }).verify(token).payloadJson, payload);
  });

  it('is accepted from jose, and jose accepts ours', async () => {
    const key = new TextEncoder().encode(SECRET);
    const theirs = await new jose.SignJWT({ role: 'anon' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(key);
    assert.equal(createVerifier({ secret: SECRET }).verify(theirs).claims.role, 'anon');
    const ours = signJwt({ role: 'anon' }, SECRET);
    assert.equal((await jose.jwtVerify(ours, key)).payload.role, 'anon');
  });

  it('is refused under another secret or algorithm', () => {
    assert.equal(reasonOf(signJwt({}, 'another secret, just as long as it must be')), 'wrongSignature');
    assert.equal(reasonOf(signJwt({}, SECRET, { algorithm: 'HS512' })), 'noSuitableKey');
  });

  it('reads a base64 secret, also in its URL-safe spelling', () => {
    const bytes = Buffer.from(Array.from({ length: 40 }, (_, i) => (i * 37 + 250) % 256));
    const token = signJwt({ role: 'x' }, bytes);
    for (const secret of [
      bytes.toString('base64'),
      ` ${bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '.')}\n`,
    ]) {
      assert.equal(createVerifier({ secret, secretIsBase64: true }).verify(token).claims.role, 'x');
    }
    assert.throws(() => createVerifier({ secret: 'no base-64!', secretIsBase64: true }), JwtKeyError);
  });

  it('needs a secret of 32 bytes, and never repeats it in the error', () => {
    assert.throws(
      () => createVerifier({ secret: 'hunter2' }),
      (error: Error) => {
        assert.match(error.message, /at least 32/);
        assert.ok(!error.message.includes('hunter2'));
        return error instanceof JwtKeyError;
      },
    );
  });
});

describe('a token of a bad form', () => {
  const sign = (header: unknown, payload: unknown) => `${b64(header)}.${b64(payload)}.${b64('x'.repeat(32))}`;
  const cases: readonly (readonly [string, string, JwtErrorReason])[] = [
    ['empty', '', 'emptyToken'],
    ['one part', 'abc', 'unexpectedParts'],
    ['two parts', 'a.b', 'unexpectedParts'],
    ['four parts', 'a.b.c.d', 'unexpectedParts'],
    ['five parts, as encrypted tokens have', 'a.b.c.d.e', 'unexpectedParts'],
    ['random characters', 'quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah', 'malformed'],
    ['a header that is no JSON', `${b64('nope')}.${b64({})}.aaaa`, 'malformed'],
    ['a header that is no object', `${b64([])}.${b64({})}.aaaa`, 'malformed'],
    ['a header without alg', sign({}, {}), 'malformed'],
    ['an unknown alg', sign({ alg: 'HS1' }, {}), 'malformed'],
    ['an alg from the prototype', sign({ alg: 'constructor' }, {}), 'malformed'],
    ['alg none', sign({ alg: 'none' }, {}), 'unsecured'],
    ['alg none without a signature', `${b64({ alg: 'none' })}.${b64({})}.`, 'unsecured'],
    ['alg NONE', sign({ alg: 'NONE' }, {}), 'malformed'],
    ['a critical extension', sign({ alg: 'HS256', crit: ['exp'] }, {}), 'malformed'],
    ['a kid that is no text', sign({ alg: 'HS256', kid: 1 }, {}), 'malformed'],
    ['padding in base64', `${b64({ alg: 'HS256' })}=.${b64({})}.aaaa`, 'malformed'],
    ['a payload that is no base64', `${b64({ alg: 'HS256' })}.a+b/.aaaa`, 'malformed'],
    ['a signature that is no base64', `${b64({ alg: 'HS256' })}.${b64({})}.a*a`, 'malformed'],
    ['no signature', `${b64({ alg: 'HS256' })}.${b64({})}.`, 'wrongSignature'],
    ['an algorithm that the key does not serve', sign({ alg: 'RS256' }, {}), 'noSuitableKey'],
    ['a kid that no key has', sign({ alg: 'HS256', kid: 'k' }, {}), 'noSuitableKey'],
  ];
  for (const [name, token, reason] of cases)
    it(`is refused: ${name}`, () => assert.equal(reasonOf(token), reason));

  it('counts the parts in its message', () => {
    assert.equal(
      refusal(() => createVerifier({ secret: SECRET }).verify('a.b')).message,
      'Expected 3 parts in JWT; got 2',
    );
  });

  it('has claims that are no JSON object', async () => {
    const { createHmac } = await import('node:crypto');
    for (const payload of ['[]', '"x"', 'null', '{', '', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const signed = `${b64({ alg: 'HS256' })}.${Buffer.from(payload).toString('base64url')}`;
      const token = `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
      assert.equal(reasonOf(token), 'claimsNotObject');
    }
  });
});

describe('the registered claims', () => {
  const check = (claims: Record<string, unknown>, audience?: string) => {
    try {
      createVerifier({ secret: SECRET, now, audience }).verify(signJwt(claims, SECRET));
      return 'ok';
    } catch (error) {
      assert.ok(error instanceof JwtError);
      return error.reason;
    }
  };

  it('allow 30 seconds of skew, and no more', () => {
    assert.equal(check({ exp: NOW - 30 }), 'ok');
    assert.equal(check({ exp: NOW - 31 }), 'expired');
    assert.equal(check({ nbf: NOW + 30 }), 'ok');
    assert.equal(check({ nbf: NOW + 31 }), 'notYetValid');
    assert.equal(check({ iat: NOW + 30 }), 'ok');
    assert.equal(check({ iat: NOW + 31 }), 'issuedAtFuture');
  });

  it('must be numbers; null counts as absent', () => {
    assert.equal(check({ exp: 'soon' }), 'expNotNumber');
    assert.equal(check({ nbf: '1' }), 'nbfNotNumber');
    assert.equal(check({ iat: true }), 'iatNotNumber');
    assert.equal(check({ exp: null, nbf: null, iat: null, aud: null }), 'ok');
  });

  it('may have fractions, and be far away', () => {
    assert.equal(check({ exp: NOW + 3600.3 }), 'ok');
    assert.equal(check({ exp: NOW - 29.9 }), 'ok');
    assert.equal(check({ exp: NOW - 30.1 }), 'expired');
    assert.equal(check({ exp: 1e30 }), 'ok');
    for (const [claim, refusal] of [
      ['nbf', 'notYetValid'],
      ['iat', 'issuedAtFuture'],
    ] as const) {
      assert.equal(check({ [claim]: NOW + 29.9 }), 'ok');
      assert.equal(check({ [claim]: NOW + 30.1 }), refusal);
      assert.equal(check({ [claim]: NOW + 3600.5 }), refusal);
      assert.equal(check({ [claim]: 1e30 }), refusal);
    }
  });

  it('are compared with the time of day to its fraction', () => {
    let time = NOW + 0.6;
    const verifier = createVerifier({ secret: SECRET, now: () => time * 1000 });
    const early = signJwt({ nbf: NOW + 30.5 }, SECRET);
    assert.ok(verifier.verify(early));
    time = NOW + 0.4;
    assert.equal(refusal(() => verifier.verify(early)).reason, 'notYetValid');
  });

  it('name an audience as text or list; without a configured one any will do', () => {
    assert.equal(check({ aud: 'a' }, 'a'), 'ok');
    assert.equal(check({ aud: ['x', 'a'] }, 'a'), 'ok');
    assert.equal(check({ aud: [] }, 'a'), 'ok');
    assert.equal(check({}, 'a'), 'ok');
    assert.equal(check({ aud: '' }, 'a'), 'notInAudience');
    assert.equal(check({ aud: ['b'] }, 'a'), 'notInAudience');
    assert.equal(check({ aud: 'b' }), 'ok');
    assert.equal(check({ aud: 5 }), 'audNotStringOrArray');
    assert.equal(check({ aud: [{ a: 1 }, 'a'] }, 'a'), 'audNotStringOrArray');
  });
});

describe('asymmetric keys', () => {
  const pairs: readonly (readonly [string, { publicKey: KeyObject; privateKey: KeyObject }])[] = [
    ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map(
      alg => [alg, generateKeyPairSync('rsa', { modulusLength: 2048 })] as const,
    ),
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ];
  const jwkOf = (key: KeyObject, more: object = {}) =>
    ({ ...key.export({ format: 'jwk' }), ...more }) as unknown as Jwk;

  for (const [alg, { publicKey, privateKey }] of pairs) {
    it(`verify what jose signs with ${alg}, given as JWK, as JWK set, as JSON and as PEM`, async () => {
      const token = await new jose.SignJWT({ role: 'r' }).setProtectedHeader({ alg }).sign(privateKey);
      const jwk = jwkOf(publicKey);
      const sources = [
        { jwk },
        { jwk: { ...jwk, alg, use: 'sig' } },
        { jwk: jwkOf(privateKey) },
        { jwks: { keys: [jwk] } },
        { secret: JSON.stringify(jwk) },
        { secret: JSON.stringify({ keys: [jwk] }) },
        { secret: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
      ];
      for (const source of sources) assert.equal(createVerifier(source).verify(token).claims.role, 'r');
      const broken = `${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`;
      assert.equal(reasonOf(broken, { jwk }), 'wrongSignature');
      assert.equal(reasonOf(token, { jwk: { ...jwk, use: 'enc' } }), 'noSuitableKey');
    });
  }

  it('are never used as an HMAC secret, in any spelling that everybody knows', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = jwkOf(publicKey);
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const spellings = [
      pem,
      pem.trim(),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      String(jwk.n),
    ];
    for (const spelling of spellings) {
      const forged = signJwt({ role: 'admin' }, spelling);
      for (const source of [{ jwk }, { secret: JSON.stringify(jwk) }, { secret: pem }]) {
        assert.equal(reasonOf(forged, source), 'noSuitableKey');
      }
    }
  });

  it('of another curve or family do not serve', async () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const token = await new jose.SignJWT({}).setProtectedHeader({ alg: 'ES384' }).sign(p384.privateKey);
    assert.equal(reasonOf(token, { jwk: jwkOf(p256.publicKey) }), 'noSuitableKey');
  });

  it('are chosen by kid; a token without one is tried with every key of its algorithm', async () => {
    const a = generateKeyPairSync('ed25519');
    const b = generateKeyPairSync('ed25519');
    const jwks = { keys: [jwkOf(a.publicKey, { kid: 'a' }), jwkOf(b.publicKey, { kid: 'b' })] };
    const sign = (header: object) =>
      new jose.SignJWT({}).setProtectedHeader({ alg: 'EdDSA', ...header }).sign(b.privateKey);
    const verifier = createVerifier({ jwks });
    assert.deepEqual(verifier.verify(await sign({ kid: 'b' })).claims, {});
    assert.deepEqual(verifier.verify(await sign({})).claims, {});
    assert.equal(reasonOf(await sign({ kid: 'a' }), { jwks }), 'wrongSignature');
    assert.equal(reasonOf(await sign({ kid: 'c' }), { jwks }), 'noSuitableKey');
  });

  it('that can not be read are an error, those of other kinds are left out', () => {
    assert.throws(() => createVerifier({ jwk: { kty: 'RSA', n: '!' } }), JwtKeyError);
    assert.throws(() => createVerifier({ jwk: { kty: 'oct' } }), JwtKeyError);
    assert.throws(
      () => createVerifier({ secret: '{"some":"json that is longer than 32 characters"}' }),
      JwtKeyError,
    );
    assert.throws(
      () => createVerifier({ secret: '-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----' }),
      JwtKeyError,
    );
    assert.equal(
      reasonOf(signJwt({}, SECRET), { jwks: { keys: [{ kty: 'new' }, { kty: 'RSA', alg: 'RSA-OAEP' }] } }),
      'noSuitableKey',
    );
  });

  it('of type oct serve HS256 to HS512, or the one algorithm they name', () => {
    const k = Buffer.from(SECRET).toString('base64url');
    for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
      const token = signJwt({ role: 'r' }, SECRET, { algorithm, kid: 'k' });
      assert.equal(createVerifier({ jwk: { kty: 'oct', k, kid: 'k' } }).verify(token).claims.role, 'r');
    }
    assert.equal(reasonOf(signJwt({}, SECRET), { jwk: { kty: 'oct', k, alg: 'HS512' } }), 'noSuitableKey');
  });
});

describe('a verifier', () => {
  it('without any key says that the server lacks a secret', () => {
    const error = refusal(() => createVerifier({}).verify(signJwt({}, SECRET)));
    assert.deepEqual(
      [error.code, error.status, error.message, error.wwwAuthenticate],
      ['PGRST300', 500, 'Server lacks JWT secret', null],
    );
  });

  it('says what PostgREST says', () => {
    const wrong = refusal(() => createVerifier({ secret: SECRET }).verify(signJwt({}, 'x'.repeat(32))));
    assert.deepEqual(
      [wrong.code, wrong.status, wrong.message, wrong.details],
      ['PGRST301', 401, 'No suitable key or wrong key type', 'None of the keys was able to decode the JWT'],
    );
    const expired = new JwtError('expired');
    assert.equal(expired.wwwAuthenticate, 'Bearer error="invalid_token", error_description="JWT expired"');
    assert.equal(new JwtError('tokenRequired').wwwAuthenticate, 'Bearer');
    assert.equal(new JwtError('unsecured').details, "JWT is unsecured but expected 'alg' was not 'none'");
  });

  it('refuses a remembered token once it has expired', () => {
    let time = NOW;
    const verifier = createVerifier({ secret: SECRET, now: () => time * 1000 });
    const token = signJwt({ exp: NOW + 10.5 }, SECRET);
    const first = verifier.verify(token);
    assert.equal(verifier.verify(token), first);
    time = NOW + 40.9;
    assert.equal(verifier.verify(token), first);
    time = NOW + 41;
    assert.equal(refusal(() => verifier.verify(token)).reason, 'expired');
  });

  it('remembers no more tokens than it may, and those in use longest', () => {
    const verifier = createVerifier({ secret: SECRET, cacheMaxEntries: 3 });
    const token = (n: number) => signJwt({ n }, SECRET);
    const kept = verifier.verify(token(0));
    for (let n = 1; n < 50; n++) {
      verifier.verify(token(n));
      assert.equal(verifier.verify(token(0)), kept);
    }
    const none = createVerifier({ secret: SECRET, cacheMaxEntries: 0 });
    assert.notEqual(none.verify(token(0)), none.verify(token(0)));
  });
});
