import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Call, rootKeys, startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await server.call({ method: 'PUT', bucket: 'bucket' });
  await server.call({ method: 'PUT', bucket: 'bucket', key: 'k', body: 'x' });
});
after(() => server.stop());

const codeOf = (answer: Answer): string | undefined => /<Code>(\w+)<\/Code>/.exec(answer.text)?.[1];

describe('a signature', () => {
  for (const [title, call, code] of [
    ['with another secret', { keys: { ...rootKeys, secretKey: 'another-one' } }, 'SignatureDoesNotMatch'],
    [
      'of a key that nobody has',
      { keys: { accessKey: 'nobody', secretKey: 'nothing-at-all' } },
      'InvalidAccessKeyId',
    ],
  ] as const satisfies readonly (readonly [string, Call, string])[]) {
    it(`${title} is refused`, async () => {
      const answer = await server.call({ bucket: 'bucket', key: 'k', ...call });
      assert.deepEqual([answer.status, codeOf(answer)], [403, code]);
    });
  }

  it('that is an hour old, or of the future, is refused with both clocks', async () => {
    for (const offset of [-3_600_000, 3_600_000]) {
      const answer = await server.call({ bucket: 'bucket', key: 'k', at: new Date(Date.now() + offset) });
      assert.equal(codeOf(answer), 'RequestTimeTooSkewed');
      assert.match(answer.text, /<RequestTime>.*<ServerTime>/s);
    }
  });

  it('does not cover a header that was added on the way', async () => {
    const answer = await server.call({
      method: 'PUT',
      bucket: 'bucket',
      key: 'k',
      body: 'y',
      unsigned: { 'x-amz-acl': 'public-read' },
    });
    assert.equal(answer.status, 403);
    assert.equal((await server.call({ bucket: 'bucket', key: 'k' })).text, 'x');
  });

  it('covers spaces in metadata, which are kept as they were sent', async () => {
    const headers = { 'x-amz-meta-report': 'annual  report' };
    assert.equal(
      (await server.call({ method: 'PUT', bucket: 'bucket', key: 'm', body: '', headers })).status,
      200,
    );
    const { headers: told } = await server.call({ bucket: 'bucket', key: 'm' });
    assert.equal(told.get('x-amz-meta-report'), 'annual  report');
  });
});

describe('a request through a proxy that takes a prefix off', () => {
  it('is known by the path that its client signed, and by no other', async () => {
    const query = presign('GET', '/storage/bucket/k', 60, new Date());
    const get = (prefix: string): Promise<Answer> =>
      server.call({
        bucket: 'bucket',
        key: 'k',
        query,
        keys: null,
        headers: { 'x-forwarded-prefix': prefix },
      });
    assert.equal((await get('/storage')).text, 'x');
    assert.equal(codeOf(await get('/other')), 'SignatureDoesNotMatch');
  });
});

describe('a presigned URL', () => {
  it('opens one object until it expires, and nothing when anything is added to it', async () => {
    const query = presign('GET', '/bucket/k', 60, new Date());
    const get = (more = ''): Promise<Answer> =>
      server.call({ bucket: 'bucket', key: 'k', query: query + more, keys: null });
    assert.equal((await get()).text, 'x');
    assert.equal(codeOf(await get('&response-content-type=text/html')), 'SignatureDoesNotMatch');
    const old = presign('GET', '/bucket/k', 60, new Date(Date.now() - 120_000));
    const expired = await server.call({ bucket: 'bucket', key: 'k', query: old, keys: null });
    assert.deepEqual([expired.status, codeOf(expired)], [403, 'AccessDenied']);
    const long = presign('GET', '/bucket/k', 604_801, new Date());
    const refused = await server.call({ bucket: 'bucket', key: 'k', query: long, keys: null });
    assert.deepEqual([refused.status, codeOf(refused)], [400, 'AuthorizationQueryParametersError']);
  });

  it('without its signature lets nobody write, whatever the body says of itself', async () => {
    const query = presign('PUT', '/bucket/k', 60, new Date()).replace(/&X-Amz-Signature=.*/, '');
    const answer = await server.call({
      method: 'PUT',
      bucket: 'bucket',
      key: 'k',
      query,
      keys: null,
      headers: {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '1',
      },
      body: '1\r\ny\r\n0\r\n\r\n',
    });
    assert.ok(answer.status === 403 || answer.status === 400);
    assert.equal((await server.call({ bucket: 'bucket', key: 'k' })).text, 'x');
  });
});

describe('a body in chunks', () => {
  const chunked = (body: string, headers: Record<string, string>): Promise<Answer> =>
    server.call({
      method: 'PUT',
      bucket: 'bucket',
      key: 'chunked',
      body,
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers,
    });
  // CRC-32 of `hello`.
  const crc = 'NhCmhg==';

  it('is stored without its wrapping when its trailer is right', async () => {
    const headers = {
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'aws-chunked,gzip',
    };
    const answer = await chunked(`3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`, headers);
    assert.equal(answer.status, 200);
    const got = await server.call({ bucket: 'bucket', key: 'chunked' });
    assert.deepEqual([got.text, got.headers.get('content-encoding')], ['hello', 'gzip']);
  });

  for (const [title, body, code] of [
    ['with another checksum', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
    ['without its last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
    ['without its trailer', '5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    [
      'with fewer bytes than it says',
      '4\r\nhell\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
      'IncompleteBody',
    ],
    ['that is not framed at all', 'hello', 'IncompleteBody'],
  ] as const) {
    it(`${title} is refused, and nothing of it stored`, async () => {
      await server.call({ method: 'DELETE', bucket: 'bucket', key: 'chunked' });
      const headers = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' };
      assert.equal(codeOf(await chunked(body, headers)), code);
      assert.equal((await server.call({ bucket: 'bucket', key: 'chunked' })).status, 404);
    });
  }
});

/** The query of a presigned URL. */
function presign(method: string, path: string, seconds: number, at: Date): string {
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${rootKeys.accessKey}/${scope}`)}`,
    `X-Amz-Date=${time}`,
    `X-Amz-Expires=${seconds}`,
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const request = `${method}\n${path}\n${query}\nhost:${new URL(server.url).host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const digest = createHash('sha256').update(request).digest('hex');
  const key = [time.slice(0, 8), 'us-east-1', 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${rootKeys.secretKey}`,
  );
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`)
    .digest('hex');
  return `${query}&X-Amz-Signature=${signature}`;
}
