import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Library, startLibrary } from './library.ts';

const shown = { prefer: 'return=representation' };

describe('writing', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary();
  });
  beforeEach(() => library.reset());
  after(() => library.close());

  const titles = async (): Promise<unknown> =>
    ((await library.get('/films?select=title&order=id')).json as { title: string }[]).map(row => row.title);

  it('inserts one row and says where it is', async () => {
    const made = await library.send(
      'POST',
      '/films',
      { title: 'Vagabond' },
      { prefer: 'return=headers-only' },
    );
    assert.equal(made.status, 201);
    assert.equal(made.headers.location, '/films?id=eq.100');
    assert.equal(made.text, '');
    assert.deepEqual((await library.get(made.headers.location ?? '')).json, [
      {
        id: 100,
        title: 'Vagabond',
        year: 1900,
        director_id: null,
        editor_id: null,
        details: null,
        poster: null,
      },
    ]);
  });

  it('inserts many rows from JSON, CSV or a form, and shows them with embeds', async () => {
    const many = await library.send(
      'POST',
      '/films?select=title,directors!director_id(name)',
      [
        { title: 'A', director_id: 1 },
        { title: 'B', director_id: 2 },
      ],
      shown,
    );
    assert.deepEqual(many.json, [
      { title: 'A', directors: { name: 'Agnès Varda' } },
      { title: 'B', directors: { name: 'Akira Kurosawa' } },
    ]);
    const csv = await library.send('POST', '/films?select=title,year', 'title,year\nC,1999\n"D, too",NULL', {
      ...shown,
      'content-type': 'text/csv',
    });
    assert.deepEqual(csv.json, [
      { title: 'C', year: 1999 },
      { title: 'D, too', year: null },
    ]);
    const asCsv = await library.send(
      'POST',
      '/films?select=name:title',
      { title: 'D' },
      {
        ...shown,
        accept: 'text/csv',
      },
    );
    assert.equal(asCsv.text, 'name\nD');
    const form = await library.send('POST', '/films?select=title', 'title=E+F', {
      ...shown,
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.deepEqual(form.json, [{ title: 'E F' }]);
  });

  it('takes only the columns named, and defaults for what is missing', async () => {
    const prefer = 'return=representation, missing=default';
    const made = await library.send(
      'POST',
      '/films?columns=title,year&select=title,year',
      [
        { title: 'A', junk: 1 },
        { title: 'B', year: 2001 },
      ],
      { prefer },
    );
    assert.deepEqual(made.json, [
      { title: 'A', year: 1900 },
      { title: 'B', year: 2001 },
    ]);
    assert.equal(made.headers['preference-applied'], 'missing=default, return=representation');
  });

  it('stores domains by their representations', async () => {
    const made = await library.send(
      'POST',
      '/films?select=poster',
      { title: 'Red', poster: '#ff0000' },
      shown,
    );
    assert.deepEqual(made.json, [{ poster: '#ff0000' }]);
  });

  it('refuses what the table cannot hold', async () => {
    const codes = async (body: unknown) => {
      const { status, json } = await library.send('POST', '/films', body);
      return [status, (json as { code: string }).code];
    };
    assert.deepEqual(await codes({ nope: 1 }), [400, 'PGRST204']);
    assert.deepEqual(await codes({ id: 1, title: 'x' }), [409, '23505']);
    assert.deepEqual(await codes({ title: 'x', director_id: 99 }), [409, '23503']);
    assert.deepEqual(await codes({ title: null }), [400, '23502']);
    assert.deepEqual(await codes('{"title":'), [400, 'PGRST102']);
    assert.deepEqual(await codes([{ title: 'a' }, { id: 7 }]), [400, 'PGRST102']);
  });

  it('merges or ignores duplicates', async () => {
    const rows = [
      { id: 1, title: 'Cléo' },
      { id: 50, title: 'New' },
    ];
    const merged = await library.send('POST', '/films?select=id,title', rows, {
      prefer: 'return=representation,resolution=merge-duplicates',
    });
    assert.equal(merged.status, 201);
    assert.deepEqual(merged.json, rows);
    const again = await library.send('POST', '/films', rows, { prefer: 'resolution=merge-duplicates' });
    assert.equal(again.status, 200);
    const ignored = await library.send('POST', '/films?select=id', [{ id: 1, title: 'Other' }], {
      prefer: 'return=representation,resolution=ignore-duplicates',
    });
    assert.deepEqual(ignored.json, []);
    assert.deepEqual((await library.get('/films?id=eq.1&select=title')).json, [{ title: 'Cléo' }]);
  });

  it('puts one row at its key', async () => {
    const row = {
      id: 60,
      title: 'Put',
      year: 1,
      director_id: null,
      editor_id: null,
      details: null,
      poster: null,
    };
    assert.equal((await library.send('PUT', '/films?id=eq.60', row, shown)).status, 201);
    assert.equal((await library.send('PUT', '/films?id=eq.60', row, shown)).status, 200);
    assert.equal((await library.send('PUT', '/films?id=eq.60', row)).status, 204);
    const mismatch = await library.send('PUT', '/films?id=eq.61', row);
    assert.equal((mismatch.json as { code: string }).code, 'PGRST115');
    assert.equal((await library.send('PUT', '/films?title=eq.Put', row)).status, 405);
    assert.equal((await library.send('PUT', '/films?id=eq.60&limit=1', row)).status, 400);
  });

  it('updates by filters', async () => {
    const changed = await library.send(
      'PATCH',
      '/films?id=gt.2&select=id,year',
      { year: 2020 },
      { prefer: 'return=representation,count=exact' },
    );
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.json, [
      { id: 3, year: 2020 },
      { id: 4, year: 2020 },
    ]);
    assert.equal(changed.headers['content-range'], '0-1/2');
    assert.equal((await library.send('PATCH', '/films?id=eq.999', { year: 1 })).status, 204);
    assert.deepEqual((await library.send('PATCH', '/films', {}, shown)).json, []);
  });

  it('orders what it shows of the rows written, also by columns not shown', async () => {
    const changed = await library.send(
      'PATCH',
      '/films?id=lt.4&select=id&order=title.desc',
      { year: 2020 },
      shown,
    );
    assert.deepEqual(changed.json, [{ id: 3 }, { id: 2 }, { id: 1 }]);
  });

  it('deletes by filters', async () => {
    const gone = await library.send(
      'DELETE',
      '/films?or=(id.eq.1,title.eq.Ran)&select=title&order=id',
      undefined,
      shown,
    );
    assert.deepEqual(gone.json, [{ title: 'Cléo from 5 to 7' }, { title: 'Ran' }]);
    assert.deepEqual(await titles(), ['Ikiru', 'Lost']);
  });

  it('undoes what was refused after the fact', async () => {
    const before = await titles();
    const strict = { prefer: 'handling=strict,max-affected=1' };
    const many = await library.send('DELETE', '/films', undefined, strict);
    assert.equal((many.json as { code: string }).code, 'PGRST124');
    const object = { accept: 'application/vnd.pgrst.object+json', ...shown };
    const several = await library.send('PATCH', '/films', { title: 'x' }, object);
    assert.equal(several.status, 406);
    assert.deepEqual(await titles(), before);
    assert.equal((await library.send('PATCH', '/films?id=eq.1', { title: 'x' }, object)).status, 200);
  });

  it('rolls back on demand where the server allows it', async () => {
    const before = await titles();
    const open = await library.withConfig({ dbTxEnd: 'commit-allow-override' });
    const undone = await open.send('DELETE', '/films?id=eq.1', undefined, { prefer: 'tx=rollback' });
    assert.equal(undone.status, 204);
    assert.equal(undone.headers['preference-applied'], 'tx=rollback');
    assert.deepEqual(await titles(), before);
    const deferred = await open.send(
      'PATCH',
      '/films?id=eq.1',
      { director_id: 99 },
      { prefer: 'tx=rollback' },
    );
    assert.equal((deferred.json as { code: string }).code, '23503');
    await open.close();
    const kept = await library.send('DELETE', '/films?id=eq.4', undefined, { prefer: 'tx=rollback' });
    assert.equal(kept.headers['preference-applied'], undefined);
    assert.deepEqual(await titles(), ['Cléo from 5 to 7', 'Ikiru', 'Ran']);
  });

  it('refuses preferences it does not know when told to be strict', async () => {
    const { status, json } = await library.send(
      'POST',
      '/films',
      { title: 'x' },
      { prefer: 'handling=strict,nonsense' },
    );
    assert.equal(status, 400);
    assert.equal((json as { code: string }).code, 'PGRST122');
  });
});
