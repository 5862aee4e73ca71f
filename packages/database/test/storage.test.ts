import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Bootstrapped, startBootstrapped } from './bootstrapped.ts';

describe('schema storage', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped();
    assert.deepEqual(stack.report.failed, []);
    await stack.asSuperuser(
      "insert into storage.buckets (id, name) values ('b', 'b')",
      `insert into storage.objects (bucket_id, name, metadata) select 'b', name, '{"size": 3}' from unnest(array[
        'top.txt', 'Zed.txt', 'a/1.txt', 'a/2.txt', 'a/deep/3.txt', 'a.txt', 'b_c/4.txt', 'bxc/5.txt']) name`,
    );
  });
  after(() => stack.server.stop());

  const names = async (call: string) =>
    (await stack.asRequest('service_role', `select name, id is null from ${call}`)).map(([name, isFolder]) =>
      isFolder === 't' ? `${name}:` : name,
    );

  it('lists one level, folders without an id, in the order of bytes and backwards', async () => {
    const all = ['Zed.txt', 'a.txt', 'a:', 'b_c:', 'bxc:', 'top.txt'];
    assert.deepEqual(await names("storage.search('', 'b')"), all);
    assert.deepEqual(await names("storage.search('', 'b', 100, 1, 0, '', 'name', 'desc')"), all.toReversed());
    assert.deepEqual(await names("storage.search('a/', 'b')"), ['1.txt', '2.txt', 'deep:']);
    assert.deepEqual(await names("storage.search('', 'b', 2, 1, 1)"), ['a.txt', 'a:']);
    assert.deepEqual(await names("storage.search('', 'b', 100, 1, 0, 'B_')"), ['b_c:']);
    assert.deepEqual(await names("storage.search('', 'b', 100, 1, 0, 'zed')"), ['Zed.txt']);
    assert.deepEqual(await names("storage.search('', 'b', 100, 1, 0, '', 'created_at', 'asc')"), [
      'a:',
      'b_c:',
      'bxc:',
      'Zed.txt',
      'a.txt',
      'top.txt',
    ]);
  });

  it('pages through a level by the last name that was seen, a folder as a whole', async () => {
    const page = (after: string, order = 'asc') =>
      names(`storage.search_v2('', 'b', 2, 1, '${after}', '${order}')`);
    assert.deepEqual(await page(''), ['Zed.txt', 'a.txt']);
    assert.deepEqual(await page('a.txt'), ['a/:', 'b_c/:']);
    assert.deepEqual(await page('b_c/'), ['bxc/:', 'top.txt']);
    assert.deepEqual(await page('top.txt'), []);
    assert.deepEqual(await page('b_c/', 'desc'), ['a/:', 'a.txt']);
    assert.deepEqual(await names("storage.search_v2('a/', 'b', 10, 2, '', 'asc', 'updated_at')"), [
      'a/1.txt',
      'a/2.txt',
      'a/deep/:',
    ]);
  });

  it('tells policies which operation it is, whatever its prefix', async () => {
    const asked = await stack.asRequest(
      'anon',
      "set storage.operation = 'storage.object.upload'",
      "select storage.allow_only_operation('object.upload'), storage.allow_only_operation('storage.object.list'), storage.allow_any_operation(array['object.list', 'storage.object.upload']), storage.operation()",
    );
    assert.deepEqual(asked, [['t', 'f', 't', 'storage.object.upload']]);
    assert.deepEqual(
      await stack.asRequest(
        'anon',
        "select storage.foldername('a/b/c.tar.gz'), storage.filename('a/b/c.tar.gz'), storage.extension('a/b/c.tar.gz')",
      ),
      [['{a,b}', 'c.tar.gz', 'gz']],
    );
  });

  it('refuses to delete rows by hand, and remembers what was deleted on purpose', async () => {
    const remove = "delete from storage.objects where name = 'top.txt'";
    await assert.rejects(stack.asRequest('service_role', remove), { code: '42501' });
    await stack.asRequest('service_role', "set storage.allow_delete_query = 'true'", remove);
    assert.deepEqual(
      await stack.asRequest('service_role', 'select bucket_id, name from storage.peakstone_deletions'),
      [['b', 'top.txt']],
    );
    await assert.rejects(stack.asRequest('authenticated', 'select from storage.peakstone_deletions'), {
      code: '42501',
    });
  });

  it('shows visitors nothing that no policy shows them', async () => {
    assert.deepEqual(await stack.asRequest('anon', "select count(*) from storage.search('', 'b')"), [['0']]);
  });

  it('adds to tables of another making what they lack, and keeps their rows', async () => {
    await stack.asSuperuser(
      "set storage.allow_delete_query = 'true'",
      'drop table storage.objects, storage.buckets',
      'create table storage.buckets (id text primary key, name text not null unique, owner uuid)',
      'create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text, owner uuid, metadata jsonb)',
      'create unique index bucketid_objname on storage.objects (bucket_id, name)',
      "insert into storage.buckets (id, name) values ('old', 'old')",
      "insert into storage.objects (bucket_id, name) values ('old', 'x/y')",
    );
    assert.deepEqual((await stack.bootstrap({ regrant: true })).failed, []);
    assert.deepEqual(
      await stack.asRequest(
        'service_role',
        'select name, version, user_metadata, path_tokens from storage.objects',
      ),
      [['x/y', null, null, '{x,y}']],
    );
    assert.deepEqual(await names("storage.search('', 'old')"), ['x:']);
    await assert.rejects(stack.asRequest('service_role', 'delete from storage.objects'), { code: '42501' });
  });
});
