/** What somebody with a token, be it the public one, must not be able to do to others' objects, by whatever door. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import { type MemberS3, memberS3, signedAs } from './support/memberS3.ts';
import { anonKey, type SupabaseServer, serviceKey, startSupabase, token } from './support/supabase.ts';

const policies = `
  create policy anybody_puts on storage.objects for insert to anon, authenticated with check (bucket_id in ('priv', 'drop'));
  create policy own_seen on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
  create policy own_changed on storage.objects for update to authenticated using (owner_id = auth.uid()::text);
  create policy own_deleted on storage.objects for delete to authenticated using (owner_id = auth.uid()::text)`;

describe('somebody with a token', () => {
  let server: SupabaseServer;
  const [ann, bob] = [randomUUID(), randomUUID()];
  const [annsToken, bobsToken] = [ann, bob].map(sub => token('authenticated', { sub })) as [string, string];
  const s3: MemberS3 = (...call) => memberS3(server.url, ...call);
  before(async () => {
    server = await startSupabase({ ANON_KEY: anonKey });
    await server.client().storage.createBucket('priv');
    await server.client().storage.createBucket('drop');
    await server.sql(policies);
  });
  after(() => server.stop());

  const anns = () => server.client(annsToken).storage.from('priv');
  const readByAnn = async (key: string) => await (await anns().download(key)).data?.text();

  it('deletes nothing of another’s by naming its version in the body', async () => {
    assert.equal((await anns().upload('kept', 'ann')).error, null);
    assert.equal((await server.s3({ method: 'PUT', bucket: 'only-s3' })).status, 200);
    assert.equal((await server.s3({ method: 'PUT', bucket: 'only-s3', key: 'a', body: 'root' })).status, 200);
    for (const jwt of [anonKey, bobsToken])
      for (const [bucket, key] of [
        ['priv', 'kept'],
        ['only-s3', 'a'],
      ])
        for (const version of ['<VersionId>null</VersionId>', '']) {
          const body = `<Delete><Object><Key>${key}</Key>${version}</Object></Delete>`;
          const md5 = createHash('md5').update(body).digest('base64');
          const answer = await s3(jwt, 'POST', `${bucket}?delete=`, body, { 'content-md5': md5 });
          assert.match(answer.text, /<Code>AccessDenied</, `${bucket}${version}`);
          assert.doesNotMatch(answer.text, /<Deleted>/);
        }
    assert.equal(await readByAnn('kept'), 'ann');
    assert.equal((await server.s3({ method: 'GET', bucket: 'only-s3', key: 'a' })).status, 200);
    // Nor a version of its own: versions have no rows that could be asked for.
    const body = '<Delete><Object><Key>kept</Key><VersionId>null</VersionId></Object></Delete>';
    const md5 = createHash('md5').update(body).digest('base64');
    const own = await s3(annsToken, 'POST', 'priv?delete=', body, { 'content-md5': md5 });
    assert.match(own.text, /<Code>AccessDenied</);
    assert.equal(await readByAnn('kept'), 'ann');
  });

  it('says of what it uploads nothing that is S3’s to say, by header or by a signed URL', async () => {
    const refused = [
      { 'x-amz-acl': 'public-read' },
      { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
      { 'x-amz-object-lock-legal-hold': 'ON' },
      { 'x-minio-source-etag': 'a' },
      { 'x-amz-something-new': 'a' },
    ];
    for (const headers of refused)
      assert.equal((await s3(annsToken, 'PUT', 'priv/shown', 'x', headers)).status, 403);
    for (const query of ['x-amz-acl=public-read', 'acl', 'uploads&x-amz-acl=public-read'])
      assert.equal((await s3(annsToken, 'PUT', `priv/shown?${query}`, 'x')).status, 403, query);
    assert.equal(await readByAnn('shown'), undefined);
    // What clients say of every object is nothing more.
    const usual = { 'x-amz-acl': 'private', 'x-amz-storage-class': 'STANDARD', 'x-amz-meta-a': 'b' };
    assert.equal((await s3(annsToken, 'PUT', 'priv/own?x-id=PutObject', 'own', usual)).status, 200);
    assert.equal((await fetch(`${server.url}/priv/own`)).status, 403);
    assert.equal((await s3(annsToken, 'HEAD', 'priv/own')).headers.get('x-amz-meta-a'), 'b');
  });

  /** One whose body has come in part, after its sender was asked for; it ends when it is told to. */
  const sendSlowly = async (url: string, init: { method: string; headers: Record<string, string> }) => {
    // More than any buffer on the way takes: it is being read.
    const [begun, rest] = [Buffer.alloc(24 * 1024 ** 2, 'b'), Buffer.from('end')];
    const { authorization, ...headers } = init.headers;
    const sent = httpRequest(url, {
      method: init.method,
      headers: { ...headers, authorization, 'content-length': String(begun.length + rest.length) },
    });
    const answered = new Promise<number>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', answer => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode!));
      });
    });
    await new Promise(resolve => sent.write(begun, resolve));
    return async () => {
      sent.end(rest);
      return await answered;
    };
  };
  const bearer = (jwt: string, more: Record<string, string> = {}) => ({
    authorization: `Bearer ${jwt}`,
    'content-type': 'text/plain',
    ...more,
  });
  const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  const doors: Readonly<Record<string, (key: string) => ReturnType<typeof sendSlowly>>> = {
    'an upload that may replace': key =>
      sendSlowly(`${server.url}/v1/object/priv/${key}`, {
        method: 'POST',
        headers: bearer(bobsToken, { 'x-upsert': 'true' }),
      }),
    'S3 with a token': key => {
      const [url, { headers }] = signedAs(server.url, bobsToken, 'PUT', `priv/${key}`, '', unsigned);
      return sendSlowly(url, { method: 'PUT', headers });
    },
    'an upload in pieces': key =>
      sendSlowly(`${server.url}/v1/upload/resumable`, {
        method: 'POST',
        headers: bearer(bobsToken, {
          'x-upsert': 'true',
          'tus-resumable': '1.0.0',
          'upload-length': String(24 * 1024 ** 2 + 3),
          'upload-metadata': `bucketName ${base64('priv')},objectName ${base64(key)}`,
          'content-type': 'application/offset+octet-stream',
        }),
      }),
  };
  for (const [door, begin] of Object.entries(doors))
    it(`replaces nothing that another made while its own body was still coming, by ${door}`, async () => {
      const key = randomUUID();
      const end = await begin(key);
      assert.equal((await anns().upload(key, 'ann')).error, null);
      assert.ok((await end()) >= 400);
      assert.equal(await readByAnn(key), 'ann');
      const owners = await server.sql(`select owner_id from storage.objects where name = '${key}'`);
      assert.deepEqual(owners, [ann]);
    });

  it('replaces nothing by a signed URL that it had made when there was nothing', async () => {
    const bobs = server.client(bobsToken).storage.from('priv');
    const { data } = await bobs.createSignedUploadUrl('signed', { upsert: true });
    assert.equal((await anns().upload('signed', 'ann')).error, null);
    assert.notEqual((await bobs.uploadToSignedUrl('signed', data!.token, 'bob')).error, null);
    assert.equal(await readByAnn('signed'), 'ann');
    // Its maker's own it replaces, as often as it is used; who made it stands in it for nobody to read.
    const own = (await bobs.createSignedUploadUrl('bobs', { upsert: true })).data!;
    const nobody = server.client(anonKey).storage.from('priv');
    for (const body of ['one', 'two'])
      assert.equal((await nobody.uploadToSignedUrl('bobs', own.token, body)).error, null);
    assert.equal(await (await bobs.download('bobs')).data!.text(), 'two');
    const claims = Buffer.from(own.token.split('.')[1]!, 'base64url').toString();
    assert.doesNotMatch(claims, /authenticated/);
  });

  it('has no script run in the name of the application’s origin, by whichever address it is read', async () => {
    const page = '<script>alert(1)</script>';
    for (const type of ['text/html', 'image/svg+xml', 'application/xml']) {
      const put = await s3(annsToken, 'PUT', 'priv/page', page, { 'content-type': type });
      assert.equal(put.status, 200);
      const read = await s3(annsToken, 'GET', 'priv/page');
      assert.match(read.headers.get('content-security-policy')!, /sandbox$/);
      assert.equal(read.headers.get('x-content-type-options'), 'nosniff');
      const other = await server.ask('GET', 'object/authenticated/priv/page', { key: annsToken });
      if (other.headers.get('content-type') !== 'text/plain')
        assert.match(other.headers.get('content-security-policy')!, /sandbox$/);
    }
    await s3(annsToken, 'PUT', 'priv/page', page, { 'content-type': 'application/pdf' });
    const shown = await s3(annsToken, 'GET', 'priv/page');
    assert.equal(shown.headers.get('content-security-policy'), null);
    const named = await s3(annsToken, 'GET', 'priv/page?response-content-type=text/html');
    assert.match(named.headers.get('content-security-policy')!, /sandbox$/);
  });

  it('neither sees nor ends another’s upload in pieces, whose URL it knows', async () => {
    const protocol = { 'tus-resumable': '1.0.0' };
    const created = await server.ask('POST', 'upload/resumable', {
      key: annsToken,
      headers: {
        ...protocol,
        'upload-length': '3',
        'upload-metadata': `bucketName ${base64('priv')},objectName ${base64('in-pieces')}`,
      },
    });
    const place = created.headers.get('location')!.replace('/v1/', '');
    const asking = async (key: string, method: string) =>
      (await server.ask(method, place, { key, headers: protocol })).status;
    for (const key of [bobsToken, anonKey])
      for (const method of ['HEAD', 'DELETE']) assert.equal(await asking(key, method), 404);
    const patch = (key: string) =>
      server.ask('PATCH', place, {
        key,
        headers: { ...protocol, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
        body: 'ann',
      });
    assert.equal((await patch(bobsToken)).status, 404);
    assert.equal(await asking(annsToken, 'HEAD'), 200);
    assert.equal(await asking(serviceKey, 'HEAD'), 200);
    assert.equal((await patch(annsToken)).status, 204);
    assert.equal(await readByAnn('in-pieces'), 'ann');
  });

  it('is told that a bucket does not take it before its bytes are read', async () => {
    await server.sql(
      "update storage.buckets set file_size_limit = 1000000, allowed_mime_types = '{text/plain}' where id = 'drop'",
    );
    const begin = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const [url, signed] = signedAs(server.url, annsToken, 'PUT', 'drop/large', '', {
          ...unsigned,
          ...headers,
        });
        const sent = httpRequest(url, { method: 'PUT', headers: signed.headers });
        sent.on('error', reject);
        sent.on('response', answer => {
          resolve(answer.statusCode!);
          sent.destroy();
        });
        // None of its bytes are ever sent.
        sent.flushHeaders();
      });
    assert.equal(await begin({ 'content-length': '50000000', 'content-type': 'text/plain' }), 400);
    assert.equal(await begin({ 'content-length': '500000', 'content-type': 'text/html' }), 400);
  });

  it('deletes many at once, each by its own row', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `many/${i}`);
    for (const key of keys) assert.equal((await anns().upload(key, 'x')).error, null);
    const list = keys.map(key => `<Object><Key>${key}</Key></Object>`).join('');
    const body = `<Delete>${list}</Delete>`;
    const md5 = createHash('md5').update(body).digest('base64');
    const answer = await s3(annsToken, 'POST', 'priv?delete', body, { 'content-md5': md5 });
    const told = [...answer.text.matchAll(/<Deleted><Key>([^<]*)/g)].map(([, key]) => key);
    assert.deepEqual(told, keys);
  });

  it('holds up neither the server’s own statements nor anybody’s longer than it stays, or its role may', async () => {
    await server.client().storage.createBucket('shown', { public: true });
    await server.client().storage.from('shown').upload('a', 'public');
    await server.sql(`create sequence public.cancelled;
      create function public.waits() returns boolean language plpgsql security definer as $$ begin
        perform pg_catalog.pg_sleep(600); return true;
      exception when query_canceled then
        if sqlerrm like '%user request%' then perform nextval('public.cancelled'); end if;
        return false;
      end $$;
      create policy waiting on storage.objects for select to anon using (bucket_id = 'shown' and public.waits())`);
    const leave = new AbortController();
    const list = () =>
      fetch(`${server.url}/v1/object/list/shown`, {
        method: 'POST',
        headers: { authorization: `Bearer ${anonKey}`, 'content-type': 'application/json' },
        body: '{"prefix":""}',
        signal: leave.signal,
      }).catch(() => undefined);
    const waiting = Array.from({ length: 14 }, list);
    const asleep = async () =>
      Number(
        (
          await server.sql(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
          )
        )[0],
      );
    await until(async () => (await asleep()) === 12);
    const read = await fetch(`${server.url}/v1/object/public/shown/a`);
    assert.equal(await read.text(), 'public');
    leave.abort();
    await Promise.all(waiting);
    await until(async () => (await asleep()) === 0);
    assert.deepEqual(await server.sql('select last_value from public.cancelled'), ['12']);
    await server.sql(`drop policy waiting on storage.objects;
      create function public.tells() returns boolean language plpgsql as $$ begin
        raise '%', current_setting('statement_timeout'); end $$;
      create policy telling on storage.objects for select to anon using (public.tells())`);
    const [said] = await server.sql(
      "select split_part(s, '=', 2) from pg_roles, unnest(rolconfig) s where rolname = 'anon' and s like 'statement_timeout=%'",
    );
    const { error } = await server.client(anonKey).storage.from('shown').list();
    await server.sql('drop policy telling on storage.objects');
    assert.equal(error!.message, said ?? '30s');
  });

  it('writes nothing by a policy that was taken back while its body was coming', async () => {
    const end = await sendSlowly(`${server.url}/v1/object/drop/late`, {
      method: 'POST',
      headers: bearer(annsToken),
    });
    await server.sql(
      "alter policy anybody_puts on storage.objects to anon, authenticated with check (bucket_id = 'priv')",
    );
    // The API's way to say 403.
    assert.equal(await end(), 400);
    assert.deepEqual(await server.sql("select name from storage.objects where bucket_id = 'drop'"), []);
  });
});
