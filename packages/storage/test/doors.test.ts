/** Objects have two doors, S3 and Supabase Storage's API: what goes in by one is seen by the other, and both keep to the same rules. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import { anonKey, type SupabaseServer, startSupabase, token } from './support/supabase.ts';

const rows = (server: SupabaseServer, bucket: string) =>
  server.sql(`select name from storage.objects where bucket_id = '${bucket}' order by name collate "C"`);

describe('what S3 writes', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
  });
  after(() => server.stop());

  it('is a bucket and objects of the API, with its type and its metadata', async () => {
    assert.equal((await server.s3({ method: 'PUT', bucket: 'from-s3' })).status, 200);
    const headers = { 'content-type': 'text/css', 'cache-control': 'max-age=9', 'x-amz-meta-colour': 'red' };
    assert.equal(
      (await server.s3({ method: 'PUT', bucket: 'from-s3', key: 'a/b.css', headers, body: 'x' })).status,
      200,
    );
    const { storage } = server.client();
    assert.ok((await storage.listBuckets()).data!.some(({ name }) => name === 'from-s3'));
    const info = (await storage.from('from-s3').info('a/b.css')).data!;
    assert.deepEqual(
      [info.contentType, info.cacheControl, info.size, info.metadata],
      ['text/css', 'max-age=9', 1, { colour: 'red' }],
    );
    assert.equal((await server.s3({ method: 'DELETE', bucket: 'from-s3', key: 'a/b.css' })).status, 204);
    assert.deepEqual(await rows(server, 'from-s3'), []);
    assert.equal((await storage.from('from-s3').exists('a/b.css')).data, false);
    assert.equal((await server.s3({ method: 'DELETE', bucket: 'from-s3' })).status, 204);
    assert.deepEqual(await server.sql("select id from storage.buckets where id = 'from-s3'"), []);
  });

  it('keeps to the limits of a bucket that the API has set', async () => {
    await server.client().storage.createBucket('bounded', {
      public: false,
      fileSizeLimit: 4,
      allowedMimeTypes: ['text/plain'],
    });
    const put = (body: string, type: string) =>
      server.s3({ method: 'PUT', bucket: 'bounded', key: 'k', headers: { 'content-type': type }, body });
    assert.match((await put('12345', 'text/plain')).text, /EntityTooLarge/);
    assert.match((await put('1', 'image/png')).text, /mime type image\/png is not supported/);
    assert.deepEqual(await rows(server, 'bounded'), []);
    assert.equal((await server.s3({ bucket: 'bounded', key: 'k' })).status, 404);
    assert.equal((await put('1234', 'text/plain')).status, 200);
    assert.deepEqual(await rows(server, 'bounded'), ['k']);
  });

  it('tells the row of whoever owned it what is new, and keeps its owner', async () => {
    const sub = crypto.randomUUID();
    await server.client().storage.createBucket('owned');
    await server.sql(
      "create policy all_of_owned on storage.objects to authenticated using (bucket_id = 'owned') with check (bucket_id = 'owned')",
    );
    const user = server.client(token('authenticated', { sub })).storage.from('owned');
    assert.equal((await user.upload('mine', 'one')).error, null);
    await server.s3({ method: 'PUT', bucket: 'owned', key: 'mine', body: 'two, longer' });
    assert.deepEqual(
      await server.sql(
        "select owner_id || ' ' || (metadata ->> 'size') from storage.objects where name = 'mine'",
      ),
      [`${sub} 11`],
    );
    assert.equal(await (await user.download('mine')).data!.text(), 'two, longer');
  });

  it('is what a trigger of the application’s lets in', async () => {
    await server.client().storage.createBucket('guarded');
    await server.sql(`create function public.no_exe() returns trigger language plpgsql as $$ begin
      if new.name like '%.exe' then raise exception 'No programs, please.'; end if; return new; end $$;
      create trigger no_exe before insert or update on storage.objects for each row execute function public.no_exe()`);
    const refused = await server.s3({ method: 'PUT', bucket: 'guarded', key: 'a.exe', body: 'x' });
    assert.deepEqual([refused.status, /No programs, please/.test(refused.text)], [400, true]);
    assert.equal((await server.s3({ bucket: 'guarded', key: 'a.exe' })).status, 404);
    const again = await server.client().storage.from('guarded').upload('b.exe', 'x');
    assert.equal(again.error!.message, 'No programs, please.');
    assert.equal((await server.s3({ bucket: 'guarded', key: 'b.exe' })).status, 404);
  });

  it('is conditional on what both doors have written', async () => {
    const files = server.client().storage;
    await files.createBucket('raced');
    const writes = await Promise.all([
      ...Array.from({ length: 8 }, async (_each, n) => {
        const answer = await server.s3({
          method: 'PUT',
          bucket: 'raced',
          key: 'k',
          headers: { 'if-none-match': '*' },
          body: `s3 ${n}`,
        });
        return answer.status === 200;
      }),
      ...Array.from(
        { length: 8 },
        async (_each, n) => (await files.from('raced').upload('k', `api ${n}`)).error === null,
      ),
    ]);
    assert.equal(writes.filter(Boolean).length, 1);
  });

  it('has versions, of which the API sees the newest', async () => {
    await server.s3({ method: 'PUT', bucket: 'versions' });
    const on = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    await server.s3({ method: 'PUT', bucket: 'versions', query: 'versioning', body: on });
    const files = server.client().storage.from('versions');
    await files.upload('k', 'one');
    const second = await server.s3({ method: 'PUT', bucket: 'versions', key: 'k', body: 'two' });
    const versionId = second.headers.get('x-amz-version-id')!;
    await server.s3({ method: 'DELETE', bucket: 'versions', key: 'k', query: `versionId=${versionId}` });
    assert.equal(await (await files.download('k')).data!.text(), 'one');
    await files.remove(['k']);
    const listed = await server.s3({ bucket: 'versions', query: 'versions' });
    assert.match(listed.text, /<DeleteMarker>/);
    const marker = /<DeleteMarker>.*?<VersionId>(.*?)</s.exec(listed.text)![1]!;
    await server.s3({ method: 'DELETE', bucket: 'versions', key: 'k', query: `versionId=${marker}` });
    assert.equal(await (await files.download('k')).data!.text(), 'one');
  });
});

describe('what the API writes', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
  });
  after(() => server.stop());

  it('is read, listed and deleted by S3, whatever its name', async () => {
    const { storage } = server.client();
    await storage.createBucket('Odd Name', { public: true });
    const odd = storage.from('Odd Name');
    await odd.upload('a/b (1).txt', new Blob(['hi'], { type: 'text/plain' }), {
      metadata: { colour: 'red' },
    });
    const got = await server.s3({ bucket: 'Odd%20Name', key: 'a/b (1).txt' });
    assert.deepEqual(
      [got.text, got.headers.get('content-type'), got.headers.get('x-amz-meta-colour')],
      ['hi', 'text/plain', 'red'],
    );
    assert.match((await server.s3({ bucket: 'Odd%20Name' })).text, /<Key>a\/b \(1\).txt<\/Key>/);
    assert.match((await server.s3({})).text, /<Name>Odd Name<\/Name>/);
    await server.s3({ method: 'DELETE', bucket: 'Odd%20Name', key: 'a/b (1).txt' });
    assert.equal((await odd.exists('a/b (1).txt')).data, false);
  });

  it('keeps to the quota that S3’s administration has set, in which moving takes no more room', async () => {
    const { storage } = server.client();
    await storage.createBucket('small');
    const quota = { bucket: 'minio', key: 'admin/v3/set-bucket-quota', query: 'bucket=small' };
    const set = await server.s3({ method: 'PUT', ...quota, body: '{"size":1000,"quotatype":"hard"}' });
    assert.equal(set.status, 200, set.text);
    const small = storage.from('small');
    assert.equal((await small.upload('one', 'x'.repeat(600))).error, null);
    assert.match((await small.upload('two', 'x'.repeat(600))).error!.message, /quota/i);
    assert.equal((await small.move('one', 'two')).error, null);
    assert.deepEqual(await rows(server, 'small'), ['two']);
  });

  it('is a bucket of S3 that SQL has made as well', async () => {
    await server.sql("insert into storage.buckets (id, name) values ('by-sql', 'by-sql')");
    assert.equal((await server.client().storage.from('by-sql').upload('x', 'x')).error, null);
    assert.equal((await server.s3({ bucket: 'by-sql', key: 'x' })).text, 'x');
    await server.sql("insert into storage.buckets (id, name) values ('by-sql-too', 'by-sql-too')");
    assert.match((await server.s3({})).text, /by-sql-too/);
    assert.equal((await server.s3({ method: 'PUT', bucket: 'by-sql-too', key: 'y', body: 'y' })).status, 200);
  });

  it('is gone for S3 when its row is, however that went', async () => {
    const { storage } = server.client();
    await storage.createBucket('rows');
    for (const name of ['one', 'two', 'three']) await storage.from('rows').upload(name, name);
    await server.sql(
      "set storage.allow_delete_query = 'true'; delete from storage.objects where name = 'one'",
    );
    assert.equal((await server.s3({ bucket: 'rows', key: 'one' })).status, 404);
    assert.equal((await server.s3({ method: 'HEAD', bucket: 'rows', key: 'one' })).status, 404);
    await server.sql(
      "set storage.allow_delete_query = 'true'; delete from storage.objects where name = 'two'",
    );
    assert.doesNotMatch((await server.s3({ bucket: 'rows' })).text, /<Key>(?:one|two)</);
    assert.match((await server.s3({ bucket: 'rows' })).text, /<Key>three</);
    // Without a trigger that tells of it there is no row all the same.
    await server.sql(
      "set session_replication_role = replica; delete from storage.objects where name = 'three'",
    );
    assert.equal((await server.s3({ bucket: 'rows', key: 'three' })).status, 404);
    const copy = { 'x-amz-copy-source': '/rows/three' };
    assert.equal(
      (await server.s3({ method: 'PUT', bucket: 'rows', key: 'copy', headers: copy })).status,
      404,
    );
    assert.equal((await storage.from('rows').download('three')).data, null);
  });

  it('is a row without bytes after an import, until they come by S3', async () => {
    await server.sql(`insert into storage.buckets (id, name) values ('imported', 'imported');
      insert into storage.objects (bucket_id, name, owner_id, version, metadata) values ('imported', 'old.txt', 'somebody', 'v1', '{"size": 3, "mimetype": "text/plain"}')`);
    const files = server.client().storage.from('imported');
    assert.deepEqual(
      (await files.list()).data!.map(({ name }) => name),
      ['old.txt'],
    );
    assert.equal((await files.download('old.txt')).data, null);
    assert.equal((await server.s3({ bucket: 'imported', key: 'old.txt' })).status, 404);
    await server.s3({
      method: 'PUT',
      bucket: 'imported',
      key: 'old.txt',
      headers: { 'content-type': 'text/plain' },
      body: 'old',
    });
    assert.equal(await (await files.download('old.txt')).data!.text(), 'old');
    assert.deepEqual(await server.sql("select owner_id from storage.objects where bucket_id = 'imported'"), [
      'somebody',
    ]);
  });
});

describe('what was there before', () => {
  it('is recorded when the database is first there', async () => {
    const server = await startSupabase({ DATABASE_SUPABASE: 'off' });
    try {
      await server.s3({ method: 'PUT', bucket: 'before' });
      for (let n = 0; n < 20; n++)
        await server.s3({ method: 'PUT', bucket: 'before', key: `k${n}`, body: 'x' });
      assert.notEqual((await server.ask('GET', 'bucket')).status, 200);
    } finally {
      await server.stop(true);
    }
    const again = await startSupabase({}, {}, server.folder);
    try {
      const { storage } = again.client();
      assert.deepEqual(
        (await storage.listBuckets()).data!.map(({ name }) => name),
        ['before'],
      );
      await until(async () => (await rows(again, 'before')).length === 20);
      assert.equal(await (await storage.from('before').download('k7')).data!.text(), 'x');
      assert.equal((await again.client(anonKey).storage.from('before').download('k7')).data, null);
    } finally {
      await again.stop();
    }
  });
});
