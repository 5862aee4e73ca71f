/** What others got wrong on the wire: encodings, listings, checksums, forms, browsers, expectations. Each as a client sees it. */
import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Answer, rootKeys, startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

let made = 0;
async function newBucket(versioned = false): Promise<string> {
  const bucket = `wire-${++made}`;
  await server.call({ method: 'PUT', bucket });
  if (versioned) {
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    await server.call({ method: 'PUT', bucket, query: 'versioning', body });
  }
  return bucket;
}
const put = (
  bucket: string,
  key: string,
  body: string | Buffer = key,
  headers: Record<string, string> = {},
) => server.call({ method: 'PUT', bucket, key, body, headers });
const codeOf = (answer: Answer): string | undefined => /<Code>(\w+)<\/Code>/.exec(answer.text)?.[1];
const all = (answer: Answer, name: string): string[] =>
  [...answer.text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'g'))].map(([, text]) => text!);

describe('keys in listings', () => {
  it('are written as URLs write them when that is asked for: a plus is %2B, a space %20', async () => {
    const bucket = await newBucket();
    for (const key of ['a b', 'a+b', '50%']) await put(bucket, key);
    const listed = await server.call({
      bucket,
      query: 'list-type=2&encoding-type=url&prefix=a&delimiter=%2B',
    });
    assert.deepEqual(all(listed, 'Key'), ['a%20b']);
    assert.deepEqual(all(listed, 'Prefix'), ['a', 'a%2B']);
    assert.deepEqual(all(listed, 'Delimiter'), ['%2B']);
    assert.equal((await server.call({ bucket, key: '50%' })).text, '50%');
  });

  it('stand in the order of their bytes, not of UTF-16', async () => {
    const bucket = await newBucket();
    for (const key of ['\u{1f600}', '\ufffd', 'z']) await put(bucket, key);
    assert.deepEqual(all(await server.call({ bucket }), 'Key'), ['z', '\ufffd', '\u{1f600}']);
  });

  it('are none where none are asked for, and the next marker of version 1 is a key', async () => {
    const bucket = await newBucket();
    for (const key of ['a/1', 'b/1', 'c']) await put(bucket, key);
    const none = await server.call({ bucket, query: 'max-keys=0' });
    assert.deepEqual([all(none, 'IsTruncated'), all(none, 'Key')], [['false'], []]);
    const first = await server.call({ bucket, query: 'max-keys=1&delimiter=/' });
    assert.deepEqual([all(first, 'NextMarker'), all(first, 'IsTruncated')], [['a/'], ['true']]);
    const next = await server.call({ bucket, query: 'max-keys=1&delimiter=/&marker=a/' });
    assert.deepEqual(all(next, 'NextMarker'), ['b/']);
  });

  it('of versions go on after a version that is deleted meanwhile, and after a key alone', async () => {
    const bucket = await newBucket(true);
    for (let i = 0; i < 3; i++) await put(bucket, 'k', `${i}`);
    await put(bucket, 'l');
    const page = await server.call({ bucket, query: 'versions&max-keys=2' });
    const [marker] = all(page, 'NextVersionIdMarker');
    await server.call({ method: 'DELETE', bucket, key: 'k', query: `versionId=${marker}` });
    const rest = await server.call({ bucket, query: `versions&key-marker=k&version-id-marker=${marker}` });
    assert.deepEqual(all(rest, 'Key'), ['k', 'l']);
    assert.deepEqual(all(await server.call({ bucket, query: 'versions&key-marker=k' }), 'Key'), ['l']);
  });
});

describe('deleting many', () => {
  const remove = (bucket: string, body: string, headers: Record<string, string> = {}) =>
    server.call({
      method: 'POST',
      bucket,
      query: 'delete',
      body,
      headers: { 'content-md5': hash('md5', body, 'base64'), ...headers },
    });

  it('tells of those that were never there as deleted, keeps blanks of keys, and says nothing when quiet', async () => {
    const bucket = await newBucket();
    await put(bucket, ' blank ');
    const answer = await remove(
      bucket,
      '<Delete><Object><Key> blank </Key></Object><Object><Key>never</Key></Object></Delete>',
    );
    assert.deepEqual(all(answer, 'Key'), [' blank ', 'never']);
    assert.equal((await server.call({ bucket, key: ' blank ' })).status, 404);
    const quiet = await remove(bucket, '<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>');
    assert.doesNotMatch(quiet.text, /<Deleted>/);
  });

  it('takes a thousand and a digest, and neither more nor none', async () => {
    const bucket = await newBucket();
    const many = `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`;
    assert.equal(codeOf(await remove(bucket, many)), 'MalformedXML');
    const bare = await server.call({ method: 'POST', bucket, query: 'delete', body: '<Delete/>' });
    assert.equal(bare.status, 400);
  });
});

describe('checksums', () => {
  it('of parts are combined where the algorithm can, and composite where it cannot', async () => {
    const bucket = await newBucket();
    const part = Buffer.alloc(5 * 1024 * 1024, 7);
    for (const [algorithm, type] of [
      ['CRC64NVME', 'FULL_OBJECT'],
      ['CRC32', 'COMPOSITE'],
      ['SHA256', 'COMPOSITE'],
    ] as const) {
      const headers = { 'x-amz-checksum-algorithm': algorithm };
      const begun = await server.call({ method: 'POST', bucket, key: algorithm, query: 'uploads', headers });
      const [uploadId] = all(begun, 'UploadId');
      let parts = '';
      for (const [i, body] of [part, Buffer.from('end')].entries()) {
        const query = `partNumber=${i + 1}&uploadId=${uploadId}`;
        const sent = await server.call({ method: 'PUT', bucket, key: algorithm, query, body, headers });
        const sum = sent.headers.get(`x-amz-checksum-${algorithm.toLowerCase()}`);
        parts += `<Part><PartNumber>${i + 1}</PartNumber><ETag>${sent.headers.get('etag')}</ETag><Checksum${algorithm}>${sum}</Checksum${algorithm}></Part>`;
      }
      const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`;
      const done = await server.call({
        method: 'POST',
        bucket,
        key: algorithm,
        query: `uploadId=${uploadId}`,
        body,
      });
      assert.deepEqual(all(done, 'ChecksumType'), [type], done.text);
      assert.equal(/-2$/.test(all(done, `Checksum${algorithm}`)[0]!), type === 'COMPOSITE');
    }
  });

  it('that an SDK baked into a presigned URL, of a body that it did not know, are passed over', async () => {
    const bucket = await newBucket();
    const query = presign('PUT', `/${bucket}/k`, {
      'x-amz-checksum-crc32': 'AAAAAA==',
      'x-amz-sdk-checksum-algorithm': 'CRC32',
    });
    const url = `${server.url}/${bucket}/k?${query}`;
    assert.equal((await fetch(url, { method: 'PUT', body: 'not empty' })).status, 200);
  });
});

describe('framing', () => {
  it('is told by the digest’s header alone, and is no part of the content’s encoding', async () => {
    const bucket = await newBucket();
    const whole = await put(bucket, 'plain', 'not framed', { 'content-encoding': 'aws-chunked,gzip' });
    assert.equal(whole.status, 200);
    const got = await server.call({ bucket, key: 'plain' });
    assert.deepEqual([got.text, got.headers.get('content-encoding')], ['not framed', 'gzip']);
  });

  it('may come without a length, and nothing is stored when its end or its checksum is wrong', async () => {
    const bucket = await newBucket();
    const checksum = (text: string): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(text));
      return bytes.toString('base64');
    };
    const send = async (key: string, body: string): Promise<number> => {
      const headers = {
        'transfer-encoding': 'chunked',
        'x-amz-decoded-content-length': '5',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'content-encoding': 'aws-chunked',
      };
      const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
      return (await server.call({ method: 'PUT', bucket, key, body, headers, payload })).status;
    };
    const framed = (text: string, sum: string): string =>
      `5\r\n${text}\r\n0\r\nx-amz-checksum-crc32:${sum}\r\n\r\n`;
    assert.equal(await send('good', framed('hello', checksum('hello'))), 200);
    assert.equal(await send('cut', '5\r\nhello\r\n'), 400);
    assert.equal(await send('short', '5\r\nhel'), 400);
    for (const key of ['cut', 'short']) assert.equal((await server.call({ bucket, key })).status, 404);
    assert.equal((await server.call({ bucket, key: 'good' })).text, 'hello');
  });
});

describe('a URL that was signed', () => {
  it('means the same when clients escape it otherwise, and nothing when a parameter is added', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k');
    const query = presign('GET', `/${bucket}/k`, { 'response-content-disposition': 'a;b!c*' });
    const get = async (text: string): Promise<number> =>
      (await fetch(`${server.url}/${bucket}/k?${text}`)).status;
    assert.equal(await get(query), 200);
    assert.equal(await get(query.replace('%3B', ';').replace('%21', '!').replace('%2A', '*')), 200);
    assert.equal(await get(`${query}&x-id=GetObject`), 403);
  });
});

describe('a form', () => {
  const form = async (
    bucket: string,
    conditions: readonly unknown[],
    fields: Record<string, string>,
    file: string,
  ): Promise<Response> => {
    const date = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
    const credential = `${rootKeys.accessKey}/${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const signing = {
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': credential,
      'x-amz-date': date,
    };
    const policy = Buffer.from(
      JSON.stringify({
        expiration: new Date(Date.now() + 60_000).toISOString(),
        conditions: [
          { bucket },
          ...Object.entries(signing).map(([name, value]) => ({ [name]: value })),
          ...conditions,
        ],
      }),
    ).toString('base64');
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...fields, ...signing, policy })) body.set(name, value);
    body.set('x-amz-signature', createHmac('sha256', keyOf(date)).update(policy).digest('hex'));
    body.set('file', new Blob([file]), 'name.txt');
    return await fetch(`${server.url}/${bucket}`, { method: 'POST', body });
  };

  it('stores what its policy allows, under the file’s name where that is asked for', async () => {
    const bucket = await newBucket();
    const allowed = [
      ['starts-with', '$key', 'up/'],
      ['content-length-range', 1, 10],
    ];
    const key = { key: `up/$${'{filename}'}` };
    assert.equal((await form(bucket, allowed, key, 'short')).status, 204);
    assert.equal((await server.call({ bucket, key: 'up/name.txt' })).text, 'short');
    assert.match(await (await form(bucket, allowed, key, 'much too long')).text(), /EntityTooLarge/);
    assert.match(await (await form(bucket, allowed, { key: 'other' }, 'x')).text(), /AccessDenied/);
    // Each field needs a condition.
    assert.equal((await form(bucket, allowed, { ...key, 'x-amz-meta-a': 'b' }, 'x')).status, 403);
    assert.equal((await form(bucket, allowed, { ...key, 'x-ignore-a': 'b' }, 'x')).status, 204);
  });
});

describe('who may not list', () => {
  it('does not learn whether a key is there', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k');
    const open = (actions: string): Promise<Answer> => {
      const statement = `{"Effect":"Allow","Principal":"*","Action":[${actions}],"Resource":["arn:aws:s3:::${bucket}","arn:aws:s3:::${bucket}/*"]}`;
      return server.call({
        method: 'PUT',
        bucket,
        query: 'policy',
        body: `{"Version":"2012-10-17","Statement":[${statement}]}`,
      });
    };
    const missing = async (): Promise<number> =>
      (await server.call({ bucket, key: 'missing', keys: null })).status;
    await open('"s3:GetObject"');
    assert.equal((await server.call({ bucket, key: 'k', keys: null })).status, 200);
    assert.equal(await missing(), 403);
    await open('"s3:GetObject","s3:ListBucket"');
    assert.equal(await missing(), 404);
  });
});

describe('a browser', () => {
  it('is let in by a bucket’s rules, every header of its preflight among them, also where it meets an error', async () => {
    const bucket = await newBucket();
    const rule =
      '<CORSRule><AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-meta-*</AllowedHeader></CORSRule>';
    await server.call({
      method: 'PUT',
      bucket,
      query: 'cors',
      body: `<CORSConfiguration>${rule}</CORSConfiguration>`,
    });
    const preflight = (origin: string, headers: string) =>
      fetch(`${server.url}/${bucket}/k`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': headers,
        },
      });
    const good = await preflight('https://app.example', 'x-amz-meta-a, x-amz-meta-b');
    assert.equal(good.status, 200);
    assert.equal(good.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal((await preflight('https://app.example', 'x-amz-meta-a, x-other')).status, 403);
    assert.equal((await preflight('https://evil.example', 'x-amz-meta-a')).status, 403);
    const denied = await fetch(`${server.url}/${bucket}/k`, {
      method: 'PUT',
      headers: { origin: 'https://app.example' },
      body: 'x',
    });
    assert.equal(denied.status, 403);
    assert.equal(denied.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.match(denied.headers.get('vary') ?? '', /Origin/);
  });
});

describe('HTTP', () => {
  it('HEAD of what is not there has its code in a header and no body, and 304 keeps the ETag', async () => {
    const bucket = await newBucket();
    await put(bucket, 'k');
    const missing = await server.call({ method: 'HEAD', bucket, key: 'missing' });
    assert.deepEqual(
      [missing.status, missing.body.length, missing.headers.get('x-minio-error-code')],
      [404, 0, 'NoSuchKey'],
    );
    const etag = (await server.call({ method: 'HEAD', bucket, key: 'k' })).headers.get('etag')!;
    const same = await server.call({ bucket, key: 'k', headers: { 'if-none-match': etag } });
    assert.deepEqual([same.status, same.headers.get('etag')], [304, etag]);
  });

  it('metadata in UTF-8 comes back as RFC 2047 has it, since headers are ASCII', async () => {
    const bucket = await newBucket();
    // Signed as text, sent as its bytes; with a text as its body, Node would encode the headers anew.
    const sent = await server.call({
      method: 'PUT',
      bucket,
      key: 'k',
      body: Buffer.from('x'),
      headers: { 'x-amz-meta-name': 'grün' },
      unsigned: { 'x-amz-meta-name': Buffer.from('grün').toString('latin1') },
    });
    assert.equal(sent.status, 200);
    const told = (await server.call({ bucket, key: 'k' })).headers.get('x-amz-meta-name')!;
    const [, words] = /^=\?UTF-8\?B\?(.*)\?=$/i.exec(told) ?? [];
    assert.equal(words === undefined ? told : Buffer.from(words, 'base64').toString(), 'grün');
  });

  it('who expects to be told to go on is told no before it has sent its body', async () => {
    const bucket = await newBucket();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT /${bucket}/k HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n`,
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 403 /);
    socket.destroy();
  });
});

/** For SigV4, of a moment's day. */
function keyOf(date: string): Buffer {
  return ['aws4_request', 's3', 'us-east-1', date.slice(0, 8)].reduceRight<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${rootKeys.secretKey}`),
  );
}

/** The query of a URL that is signed for ten minutes, with further parameters in it. */
function presign(method: string, path: string, more: Readonly<Record<string, string>>): string {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = Object.entries({
    ...more,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${rootKeys.accessKey}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '600',
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const { host } = new URL(server.url);
  const request = [method, path, query, `host:${host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, hash('sha256', request, 'hex')].join('\n');
  return `${query}&X-Amz-Signature=${createHmac('sha256', keyOf(date)).update(text).digest('hex')}`;
}
