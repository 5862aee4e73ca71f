import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, describe, it } from 'node:test';
import * as jose from 'jose';
import { type HttpServer, jsonResponse, serveHttp } from '../http/index.ts';
import { createRemoteVerifier, JwtError } from './index.ts';

describe('a verifier over a published key set', () => {
  const open: HttpServer[] = [];
  after(() => Promise.all(open.map(server => server.close(0))));

  function key(kid: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const sign = () => new jose.SignJWT({ kid }).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
    return { jwk: { ...publicKey.export({ format: 'jwk' }), kid }, sign };
  }

  it('follows a rotation, fetching once however many ask, and not more often than it may', async () => {
    const [a, b, c] = [key('a'), key('b'), key('c')];
    let keys = [a.jwk];
    let fetches = 0;
    const server = await serveHttp(() => {
      fetches++;
      return jsonResponse(200, { keys });
    });
    open.push(server);
    let time = 1_800_000_000_000;
    const verifier = createRemoteVerifier({ url: server.url, now: () => time, cooldownMs: 1000 });
    const token = await a.sign();
    const all = await Promise.all([verifier.verify(token), verifier.verify(token), verifier.verify(token)]);
    assert.equal(all[0]?.claims.kid, 'a');
    assert.equal(fetches, 1);
    keys = [b.jwk];
    const next = await b.sign();
    await assert.rejects(verifier.verify(next), { reason: 'noSuitableKey' });
    assert.equal(fetches, 1);
    time += 1001;
    assert.equal((await verifier.verify(next)).claims.kid, 'b');
    assert.equal(fetches, 2);
    for (let i = 0; i < 20; i++) await assert.rejects(verifier.verify(await c.sign()), JwtError);
    assert.equal(fetches, 2);
  });

  it('keeps working with the keys it has while the publisher is down, and says so when it has none', async () => {
    const a = key('a');
    const server = await serveHttp(() => jsonResponse(200, { keys: [a.jwk] }));
    let time = 1_800_000_000_000;
    const verifier = createRemoteVerifier({ url: server.url, now: () => time });
    await verifier.verify(await a.sign());
    await server.close(0);
    time += 3_600_000;
    assert.equal((await verifier.verify(await a.sign())).claims.kid, 'a');
    const without = createRemoteVerifier({ url: server.url });
    await assert.rejects(without.verify(await a.sign()), /No JWK set could be fetched/);
  });

  it('bounds size and time, and takes only key sets', async () => {
    const server = await serveHttp(({ path }) => {
      if (path === '/slow') return new Promise(() => {});
      if (path === '/big') return jsonResponse(200, { keys: [], filler: 'x'.repeat(300_000) });
      if (path === '/redirect') return { status: 302, headers: ['Location', '/set'], body: null };
      return jsonResponse(200, { nothing: true });
    });
    open.push(server);
    for (const path of ['/slow', '/big', '/redirect', '/other']) {
      const verifier = createRemoteVerifier({ url: server.url + path, timeoutMs: 100 });
      await assert.rejects(verifier.verify('a.b.c'), /No JWK set could be fetched/, path);
    }
  });
});
