/** What somebody with a token, be it the public one, must not be able to do to others' objects, by whatever door. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type MemberS3, memberS3 } from './support/memberS3.ts';
import { anonKey, type SupabaseServer, startSupabase, token } from './support/supabase.ts';

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
});
