/** Supabase Storage's API, by its own client: buckets, objects, signed URLs, lists, and what is said when something is refused. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { anonKey, jwtSecret, type SupabaseServer, startSupabase, token } from './support/supabase.ts';

const textFile = (text: string, type = 'text/plain') => new Blob([text], { type });

describe('buckets of Supabase Storage', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
  });
  after(() => server.stop());

  it('are made, changed, listed and removed by the service', async () => {
    const { storage } = server.client();
    const made = await storage.createBucket('avatars', {
      public: true,
      fileSizeLimit: '1MB',
      allowedMimeTypes: ['image/*'],
    });
    assert.deepEqual(made, { data: { name: 'avatars' }, error: null });
    const { data } = await storage.getBucket('avatars');
    assert.equal(data!.public, true);
    assert.equal(data!.file_size_limit, 1_000_000);
    assert.deepEqual(data!.allowed_mime_types, ['image/*']);
    assert.equal((await storage.updateBucket('avatars', { public: false })).error, null);
    assert.equal((await storage.getBucket('avatars')).data!.public, false);
    assert.deepEqual(
      (await storage.listBuckets({ search: 'vatar' })).data!.map(({ name }) => name),
      ['avatars'],
    );
    assert.deepEqual((await storage.listBuckets({ search: '%' })).data, []);
    assert.equal((await storage.deleteBucket('avatars')).data!.message, 'Successfully deleted');
    const { error } = await storage.getBucket('avatars');
    assert.deepEqual(
      [error!.message, (error as { statusCode?: string }).statusCode],
      ['Bucket not found', '404'],
    );
  });

  it('are refused in the words that clients know', async () => {
    const { storage } = server.client();
    await storage.createBucket('twice');
    const again = await storage.createBucket('twice');
    assert.equal(again.error!.message, 'The resource already exists');
    assert.equal((again.error as { statusCode?: string }).statusCode, '409');
    assert.equal((await storage.createBucket('a/b')).error!.message, 'Bucket name invalid');
    assert.match(
      (await storage.createBucket('odd', { public: false, fileSizeLimit: 'much' as never })).error!.message,
      /20GB/,
    );
    await storage.from('twice').upload('x', 'x');
    assert.equal(
      (await storage.deleteBucket('twice')).error!.message,
      'The bucket you tried to delete is not empty',
    );
    assert.equal((await storage.emptyBucket('twice')).error, null);
    assert.equal((await storage.deleteBucket('twice')).error, null);
  });

  it('are for those whom row security lets', async () => {
    const nobody = server.client(anonKey).storage;
    assert.equal(
      (await nobody.createBucket('mine')).error!.message,
      'new row violates row-level security policy',
    );
    assert.deepEqual((await nobody.listBuckets()).data, []);
    const user = server.client(token('authenticated', { sub: crypto.randomUUID() }));
    await server.sql(
      `create policy "makes own" on storage.buckets for insert to authenticated with check (owner = auth.uid())`,
    );
    assert.equal((await user.storage.createBucket('own')).error, null);
    const empty = await user.storage.emptyBucket('own');
    assert.equal((empty.error as { status?: number }).status, 403);
  });

  it('need a token, and a good one', async () => {
    const missing = await server.ask('GET', 'bucket', { key: null });
    assert.equal(missing.status, 400);
    assert.match(((await missing.json()) as { message: string }).message, /authorization/);
    // Gateways that make the header from what there is send an empty one.
    const empty = await server.ask('GET', 'bucket', { key: null, headers: { authorization: '' } });
    assert.equal(((await empty.json()) as { message: string }).message, 'Invalid Compact JWS');
    const forged = await server.ask('GET', 'bucket', { key: `${token('service_role').slice(0, -4)}AAAA` });
    assert.deepEqual(
      [forged.status, await forged.json()],
      [
        400,
        {
          statusCode: '403',
          error: 'Unauthorized',
          message: 'signature verification failed',
          code: 'AccessDenied',
        },
      ],
    );
    const byKey = await server.ask('GET', 'bucket', {
      key: null,
      headers: { apikey: token('service_role') },
    });
    assert.equal(byKey.status, 200);
    for (const role of ['postgres', 'none', 'db_migrator', 'x"y'])
      assert.equal((await server.ask('GET', 'bucket', { key: token(role) })).status, 400, role);
  });
});

describe('objects of Supabase Storage', () => {
  let server: SupabaseServer;
  before(async () => {
    server = await startSupabase();
    const { storage } = server.client();
    await storage.createBucket('files');
    await storage.createBucket('open', { public: true });
    await storage.createBucket('small', {
      public: false,
      fileSizeLimit: 10,
      allowedMimeTypes: ['text/plain', 'image/*'],
    });
  });
  after(() => server.stop());

  it('are uploaded, read, described, replaced and removed', async () => {
    const files = server.client().storage.from('files');
    const up = await files.upload('a/first.txt', textFile('hello'), {
      cacheControl: '60',
      metadata: { colour: 'blue', deep: { n: 1 } },
    });
    assert.equal(up.error, null);
    assert.deepEqual([up.data!.path, up.data!.fullPath], ['a/first.txt', 'files/a/first.txt']);
    assert.match(up.data!.id, /^[0-9a-f-]{36}$/);
    assert.equal(await (await files.download('a/first.txt')).data!.text(), 'hello');
    const info = (await files.info('a/first.txt')).data!;
    assert.equal(info.size, 5);
    assert.equal(info.cacheControl, 'max-age=60');
    assert.equal(info.contentType, 'text/plain');
    assert.deepEqual(info.metadata, { colour: 'blue', deep: { n: 1 } });
    assert.equal((await files.exists('a/first.txt')).data, true);
    assert.equal((await files.exists('a/none.txt')).data, false);
    const again = await files.upload('a/first.txt', textFile('other'));
    assert.equal(again.error!.message, 'The resource already exists');
    assert.equal((await files.upload('a/first.txt', textFile('other'), { upsert: true })).error, null);
    assert.equal((await files.update('a/first.txt', textFile('third'))).error, null);
    assert.equal(await (await files.download('a/first.txt')).data!.text(), 'third');
    const gone = await files.remove(['a/first.txt', 'a/none.txt']);
    assert.deepEqual(
      gone.data!.map(({ name }) => name),
      ['a/first.txt'],
    );
    assert.deepEqual(await server.sql('select count(*) from storage.peakstone_deletions'), ['0']);
  });

  it('are sent raw and as forms, in pieces or whole, and come back in ranges', async () => {
    const files = server.client().storage.from('files');
    const big = Buffer.alloc(3_000_000, 'abcdefghij');
    assert.equal((await files.upload('big', big, { contentType: 'application/x-big' })).error, null);
    const part = await server.ask('GET', 'object/authenticated/files/big', {
      headers: { range: 'bytes=5-14' },
    });
    assert.deepEqual(
      [part.status, part.headers.get('content-range'), await part.text()],
      [206, 'bytes 5-14/3000000', 'fghijabcde'],
    );
    const etag = part.headers.get('etag')!;
    const same = await server.ask('GET', 'object/files/big', { headers: { 'if-none-match': etag } });
    assert.equal(same.status, 304);
    const beyond = await server.ask('GET', 'object/files/big', { headers: { range: 'bytes=3000000-' } });
    assert.equal(((await beyond.json()) as { code: string }).code, 'InvalidRange');
    const named = await server.ask('GET', 'object/files/big?download=my file.bin');
    assert.equal(
      named.headers.get('content-disposition'),
      "attachment; filename=my%20file.bin; filename*=UTF-8''my%20file.bin",
    );
    assert.equal((await named.arrayBuffer()).byteLength, 3_000_000);
  });

  it('keep to the size and the types that their bucket takes, before and while they come', async () => {
    const small = server.client().storage.from('small');
    const large = await small.upload('x', textFile('12345678901'));
    assert.equal((large.error as { statusCode?: string }).statusCode, '413');
    const raw = await server.ask('POST', 'object/small/y', {
      headers: { 'content-type': 'text/plain' },
      body: '12345678901',
    });
    assert.equal(((await raw.json()) as { error: string }).error, 'Payload too large');
    const wrong = await small.upload('x', textFile('1', 'application/pdf'));
    assert.equal(wrong.error!.message, 'mime type application/pdf is not supported');
    assert.equal((await small.upload('x', textFile('1', 'image/png'))).error, null);
    assert.equal((await small.upload('[x]', textFile('1'))).error!.message, 'Invalid key: [x]');
  });

  it('are public where their bucket is, and nobody else’s where it is not', async () => {
    const { storage } = server.client();
    await storage.from('open').upload('page.html', textFile('<b>', 'text/html'));
    const address = storage.from('open').getPublicUrl('page.html').data.publicUrl;
    const shown = await fetch(address.replace('/storage/v1', '/v1'));
    assert.equal(shown.headers.get('content-type'), 'text/plain');
    assert.equal(shown.headers.get('x-robots-tag'), 'none');
    assert.equal(await shown.text(), '<b>');
    assert.equal((await server.ask('GET', 'object/open/page.html', { key: null })).status, 200);
    await storage.from('files').upload('secret', 's');
    for (const place of [
      'object/files/secret',
      'object/public/files/secret',
      'object/info/public/files/secret',
    ])
      assert.equal((await server.ask('GET', place, { key: null })).status, 400, place);
    assert.equal((await server.client(anonKey).storage.from('files').download('secret')).data, null);
  });

  it('are listed a level at a time, and at any depth by cursor', async () => {
    const { storage } = server.client();
    await storage.createBucket('tree');
    const tree = storage.from('tree');
    for (const name of ['b.txt', 'a/1', 'a/2', 'a/deep/3', 'c.txt']) await tree.upload(name, 'x');
    const names = (found: { data: { name: string }[] | null }) => found.data!.map(({ name }) => name);
    assert.deepEqual(names(await tree.list()), ['a', 'b.txt', 'c.txt']);
    assert.deepEqual(names(await tree.list('a', { search: '2' })), ['2']);
    assert.deepEqual(
      names(await tree.list('', { limit: 1, offset: 1, sortBy: { column: 'name', order: 'desc' } })),
      ['b.txt'],
    );
    const first = (await tree.listV2({ limit: 2 })).data!;
    assert.deepEqual([first.objects.map(({ name }) => name), first.hasNext], [['a/1', 'a/2'], true]);
    const second = (await tree.listV2({ limit: 10, cursor: first.nextCursor! })).data!;
    assert.deepEqual(
      second.objects.map(({ name }) => name),
      ['a/deep/3', 'b.txt', 'c.txt'],
    );
    const level = (await tree.listV2({ with_delimiter: true, limit: 2 })).data!;
    assert.deepEqual(
      [level.folders.map(({ name }) => name), level.objects.map(({ name }) => name)],
      [['a/'], ['b.txt']],
    );
    const rest = (await tree.listV2({ with_delimiter: true, cursor: level.nextCursor! })).data!;
    assert.deepEqual(
      [rest.folders, rest.objects.map(({ name }) => name), rest.hasNext],
      [[], ['c.txt'], false],
    );
  });

  it('are moved and copied, with their metadata, within a bucket and beyond it', async () => {
    const { storage } = server.client();
    const files = storage.from('files');
    await files.upload('m/from', textFile('moved'), { metadata: { k: 'v' } });
    assert.equal((await files.copy('m/from', 'm/copy')).data!.path, 'files/m/copy');
    assert.equal((await files.copy('m/from', 'm/copy')).error!.message, 'The resource already exists');
    assert.equal((await files.move('m/from', 'm/copy')).error!.message, 'The resource already exists');
    assert.equal((await files.move('m/from', 'm/to', { destinationBucket: 'open' })).error, null);
    assert.equal((await files.exists('m/from')).data, false);
    assert.equal(await (await storage.from('open').download('m/to')).data!.text(), 'moved');
    assert.deepEqual((await storage.from('open').info('m/to')).data!.metadata, { k: 'v' });
    assert.equal(await (await files.download('m/copy')).data!.text(), 'moved');
    assert.equal((await files.move('m/none', 'm/else')).error!.message, 'Object not found');
  });

  it('are for whoever has a URL that was signed for them, for as long as it holds', async () => {
    const files = server.client().storage.from('files');
    await files.upload('signed &+.txt', textFile('signed'));
    const one = (await files.createSignedUrl('signed &+.txt', 60, { download: 'x.txt' })).data!.signedUrl;
    const answer = await fetch(one.replace('/storage/v1', '/v1'));
    assert.equal(await answer.text(), 'signed');
    assert.match(answer.headers.get('content-disposition')!, /x\.txt/);
    const many = (await files.createSignedUrls(['signed &+.txt', 'none'], 60)).data!;
    assert.equal(many[1]!.error, 'Either the object does not exist or you do not have access to it');
    assert.equal((await fetch(many[0]!.signedUrl!.replace('/storage/v1', '/v1'))).status, 200);
    // A question mark stands as it is in what the client makes of it.
    await server.ask('POST', 'object/files/is%20it%3F.txt', { body: 'it is' });
    const [odd] = (await files.createSignedUrls(['is it?.txt'], 60)).data!;
    assert.equal(await (await fetch(odd!.signedUrl!.replace('/storage/v1', '/v1'))).text(), 'it is');
    const up = (await files.createSignedUploadUrl('by-url')).data!;
    const sent = await server
      .client(anonKey)
      .storage.from('files')
      .uploadToSignedUrl('by-url', up.token, textFile('up'));
    assert.equal(sent.error, null);
    assert.equal(await (await files.download('by-url')).data!.text(), 'up');
    const other = await server
      .client(anonKey)
      .storage.from('files')
      .uploadToSignedUrl('by-other', up.token, 'up');
    assert.equal(other.error!.message, 'Invalid signature');
    const asDownload = await server.ask('GET', `object/sign/files/by-url?token=${up.token}`, { key: null });
    assert.equal(asDownload.status, 400);
    const downloadToken = new URL(one).searchParams.get('token')!;
    const asUpload = await server.ask(
      'PUT',
      `object/upload/sign/files/signed%20%26%2B.txt?token=${downloadToken}`,
      { key: null, body: 'x' },
    );
    assert.equal(((await asUpload.json()) as { code: string }).code, 'InvalidSignature');
    const expired = token('anon', {
      url: 'files/by-url',
      scope: 'download',
      exp: Math.floor(Date.now() / 1000) - 1,
    });
    assert.equal(
      (await server.ask('GET', `object/sign/files/by-url?token=${expired}`, { key: null })).status,
      400,
    );
  });

  it('takes nobody for a visitor whose token names what is no role, and nobody for the server', async () => {
    const listed = async (claims: object) => {
      const key = signJwt({ ...claims }, jwtSecret);
      return (await server.ask('GET', 'bucket', { key })).status;
    };
    assert.equal(await listed({ sub: 'nobody in particular' }), 200);
    for (const role of ['', 1, ['anon'], null, 'anon\u0000x', 'db_authenticator', 'none', 'of_nobody'])
      assert.equal(await listed({ role }), 400, JSON.stringify(role));
  });
});
