/** Row security at every door: the API's, TUS' and S3's with a user's token; and pictures through a service of pictures. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { until } from '@peakstone/testing';
import { Upload } from 'tus-js-client';
import { type MemberS3, memberS3 } from './support/memberS3.ts';
import { anonKey, type SupabaseServer, serviceKey, startSupabase, token } from './support/supabase.ts';

const policies = `
  create policy own_files on storage.objects to authenticated
    using (bucket_id = 'private' and owner_id = (auth.jwt() ->> 'sub'))
    with check (bucket_id = 'private' and (storage.foldername(name))[1] = (auth.jwt() ->> 'sub'));
  create policy buckets_seen on storage.buckets for select to authenticated using (id = 'private')`;

describe('row security', () => {
  let server: SupabaseServer;
  const [ann, bob] = [randomUUID(), randomUUID()];
  const [annsToken, bobsToken] = [ann, bob].map(sub => token('authenticated', { sub })) as [string, string];
  before(async () => {
    server = await startSupabase({ ANON_KEY: anonKey });
    await server.client().storage.createBucket('private');
    await server.sql(policies);
  });
  after(() => server.stop());

  const s3: MemberS3 = (...call) => memberS3(server.url, ...call);

  it('lets each into their own folder, and nobody into another’s', async () => {
    const anns = server.client(annsToken).storage.from('private');
    const bobs = server.client(bobsToken).storage.from('private');
    assert.equal((await anns.upload(`${ann}/one`, 'ann')).error, null);
    const refused = await bobs.upload(`${ann}/two`, 'bob');
    assert.equal(refused.error!.message, 'new row violates row-level security policy');
    assert.equal((await bobs.upload(`${ann}/one`, 'bob', { upsert: true })).data, null);
    assert.equal((await bobs.download(`${ann}/one`)).data, null);
    assert.deepEqual((await bobs.list(ann)).data, []);
    assert.deepEqual(
      (await anns.list(ann)).data!.map(({ name }) => name),
      ['one'],
    );
    assert.deepEqual((await bobs.remove([`${ann}/one`])).data, []);
    assert.equal((await bobs.move(`${ann}/one`, `${bob}/one`)).error!.message, 'Object not found');
    assert.equal((await bobs.copy(`${ann}/one`, `${bob}/one`)).error!.message, 'Object not found');
    assert.equal((await anns.move(`${ann}/one`, `${bob}/one`)).data, null);
    assert.equal((await bobs.createSignedUrl(`${ann}/one`, 60)).data, null);
    assert.equal((await bobs.createSignedUploadUrl(`${ann}/three`)).data, null);
    assert.equal(await (await anns.download(`${ann}/one`)).data!.text(), 'ann');
  });

  it('holds for S3 with a user’s token, whose access key is any and whose secret is the anon key', async () => {
    assert.equal((await s3(annsToken, 'PUT', `private/${ann}/by-s3`, 'from s3')).status, 200);
    assert.equal((await s3(bobsToken, 'PUT', `private/${ann}/by-bob`, 'x')).status, 403);
    assert.equal((await s3(bobsToken, 'PUT', `private/${ann}/by-s3`, 'x')).status, 403);
    assert.equal((await s3(annsToken, 'GET', `private/${ann}/by-s3`)).text, 'from s3');
    assert.equal((await s3(bobsToken, 'GET', `private/${ann}/by-s3`)).status, 404);
    assert.match((await s3(annsToken, 'GET', 'private?list-type=2')).text, /by-s3/);
    assert.doesNotMatch((await s3(bobsToken, 'GET', 'private?list-type=2')).text, /by-s3/);
    assert.match(
      (await s3(annsToken, 'GET', `private?list-type=2&delimiter=/`)).text,
      new RegExp(`<Prefix>${ann}/</Prefix>`),
    );
    assert.match((await s3(annsToken, 'GET', '')).text, /<Name>private<\/Name>/);
    const copy = { 'x-amz-copy-source': `/private/${ann}/by-s3` };
    assert.equal((await s3(bobsToken, 'PUT', `private/${bob}/copy`, '', copy)).status, 404);
    assert.equal((await s3(annsToken, 'PUT', `private/${ann}/copy`, '', copy)).status, 200);
    assert.equal((await s3(bobsToken, 'DELETE', `private/${ann}/copy`)).status, 403);
    assert.equal((await s3(annsToken, 'DELETE', `private/${ann}/copy`)).status, 204);
    assert.deepEqual(await server.sql(`select owner_id from storage.objects where name = '${ann}/by-s3'`), [
      ann,
    ]);
    for (const [method, place, headers] of [
      ['PUT', 'private?policy', {}],
      ['PUT', 'mine', {}],
      ['GET', 'private?versions', {}],
      ['GET', `private/${ann}/by-s3?versionId=null`, {}],
      ['PUT', `private/${ann}/tagged`, { 'x-amz-tagging': 'a=b' }],
    ] as const)
      assert.equal(
        (await s3(annsToken, method, place, method === 'PUT' ? '{}' : '', headers)).status,
        403,
        place,
      );
    assert.match((await s3(`${annsToken.slice(0, -3)}AAA`, 'GET', '')).text, /InvalidToken/);
  });

  it('holds for uploads in pieces, of which each is asked for', async () => {
    const body = randomBytes(200_000);
    const send = (jwt: string, name: string) =>
      new Promise<string>((resolve, reject) => {
        const upload = new Upload(body, {
          endpoint: `${server.url}/v1/upload/resumable`,
          headers: { authorization: `Bearer ${jwt}` },
          chunkSize: 64 * 1024,
          retryDelays: null,
          metadata: {
            bucketName: 'private',
            objectName: name,
            contentType: 'application/x-pieces',
            cacheControl: '60',
            metadata: JSON.stringify({ made: 'in pieces' }),
          },
          onError: reject,
          onSuccess: () => resolve(upload.url!),
        });
        upload.start();
      });
    await send(annsToken, `${ann}/pieces`);
    const anns = server.client(annsToken).storage.from('private');
    const got = Buffer.from(await (await anns.download(`${ann}/pieces`)).data!.arrayBuffer());
    assert.ok(got.equals(body));
    const info = (await anns.info(`${ann}/pieces`)).data!;
    assert.deepEqual(
      [info.contentType, info.cacheControl, info.metadata],
      ['application/x-pieces', 'max-age=60', { made: 'in pieces' }],
    );
    await assert.rejects(send(bobsToken, `${ann}/other`), /row-level security/);
    await assert.rejects(send(annsToken, `${ann}/pieces`), /409/);
    assert.deepEqual(await server.sql(`select owner_id from storage.objects where name = '${ann}/pieces'`), [
      ann,
    ]);
  });
});

describe('an upload in pieces', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
    await server.client().storage.createBucket('big');
  });
  after(() => server.stop());

  const metadata = (objectName: string) =>
    Object.entries({ bucketName: 'big', objectName, contentType: 'text/plain' })
      .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
      .join(',');
  const begin = async (name: string, length: number, on = server) => {
    const answer = await on.ask('POST', 'upload/resumable', {
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(length),
        'upload-metadata': metadata(name),
      },
    });
    assert.equal(answer.status, 201, await answer.text());
    return answer.headers.get('location')!.replace('/v1/', '');
  };
  const patch = (place: string, offset: number, body: string | Buffer<ArrayBuffer>, on = server) =>
    on.ask('PATCH', place, {
      headers: {
        'tus-resumable': '1.0.0',
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
      body,
    });
  const offsetOf = async (place: string, on = server) => {
    const answer = await on.ask('HEAD', place, { headers: { 'tus-resumable': '1.0.0' } });
    return answer.status === 200 ? Number(answer.headers.get('upload-offset')) : answer.status;
  };

  it('goes on after a connection broke, with what has come of it, also when the server was stopped', async () => {
    // Larger than what is read before anybody is asked.
    const half = 2_000_000;
    const body = randomBytes(2 * half);
    const place = await begin('broken', body.length);
    const { hostname, port } = new URL(server.url);
    const sent = httpRequest({
      method: 'PATCH',
      hostname,
      port,
      path: `/v1/${place}`,
      headers: {
        authorization: `Bearer ${serviceKey}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
        'content-length': String(body.length),
      },
    });
    sent.on('error', () => undefined);
    await new Promise(resolve => sent.write(body.subarray(0, half), resolve));
    await setTimeout(500);
    sent.destroy();
    await until(async () => (await offsetOf(place)) > 0);
    await server.restart();
    const offset = Number(await offsetOf(place));
    assert.ok(offset > 0 && offset <= half, String(offset));
    assert.equal((await patch(place, offset - 1, body.subarray(offset - 1))).status, 409);
    assert.equal((await patch(place, offset, body)).status, 413);
    assert.equal((await patch(place, offset, body.subarray(offset))).status, 204);
    // Whoever lost the last answer asks, and sends it again.
    assert.equal(await offsetOf(place), body.length);
    const { data } = await server.client().storage.from('big').download('broken');
    assert.ok(Buffer.from(await data!.arrayBuffer()).equals(body));
  });

  it('is one’s alone where two send at once, ends when it is told to, and expires', async () => {
    const place = await begin('raced', 6);
    const both = await Promise.all([patch(place, 0, 'aaa'), patch(place, 0, 'bbb')]);
    const told = both.map(({ status }) => status);
    assert.equal(told.filter(status => status === 204).length, 1, told.join());
    assert.ok(told.some(status => [400, 409].includes(status)));
    assert.equal(await offsetOf(place), 3);
    assert.equal((await patch(place, 3, 'ccc')).status, 204);
    const text = await (await server.client().storage.from('big').download('raced')).data!.text();
    assert.ok(['aaaccc', 'bbbccc'].includes(text), text);
    const other = await begin('ended', 3);
    const ended = await server.ask('DELETE', other, { headers: { 'tus-resumable': '1.0.0' } });
    assert.equal(ended.status, 204);
    assert.equal(await offsetOf(other), 404);
    const shortLived = await startSupabase({ TUS_URL_EXPIRY_MS: '1' });
    try {
      await shortLived.client().storage.createBucket('big');
      const late = await begin('late', 3, shortLived);
      await until(async () => (await offsetOf(late, shortLived)) === 410);
      assert.equal((await patch(late, 0, 'abc', shortLived)).status, 410);
    } finally {
      await shortLived.stop();
    }
  });

  it('says what is wrong with it, and takes no more than was said', async () => {
    assert.equal(
      (await server.ask('POST', 'upload/resumable', { headers: { 'upload-length': '1' } })).status,
      412,
    );
    assert.equal(await offsetOf(`upload/resumable/${Buffer.from('big/x/0').toString('base64url')}`), 404);
    assert.equal(await offsetOf('upload/resumable/%00'), 404);
    const empty = await begin('empty', 0);
    assert.equal(await offsetOf(empty), 0);
    assert.equal((await server.client().storage.from('big').info('empty')).data!.size, 0);
  });
});
