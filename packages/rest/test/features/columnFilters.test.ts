import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Library, startLibrary } from './library.ts';

describe('comparing columns', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, columnFilters: true } });
  });
  after(() => library.close());

  const ids = async (query: string): Promise<unknown> => {
    const answer = await library.get(`/films?select=id&order=id&${query}`);
    assert.equal(answer.status, 200, answer.text);
    return (answer.json as { id: number }[]).map(({ id }) => id);
  };

  it('filters by another column of the row, also negated and in trees', async () => {
    assert.deepEqual(await ids('director_id=eq(col).editor_id'), [1, 2]);
    assert.deepEqual(await ids('director_id=not.eq(col).editor_id'), [3]);
    assert.deepEqual(await ids('director_id=gt(col).editor_id'), [3]);
    assert.deepEqual(await ids('director_id=isdistinct(col).editor_id'), [3]);
    assert.deepEqual(
      await ids('or=(director_id.gt(col).editor_id,and(id.eq.1,id.eq(col).director_id))'),
      [1, 3],
    );
    assert.deepEqual(await ids('title=not.eq(col)."title"'), []);
  });

  it('compares json values', async () => {
    assert.deepEqual(await ids('details->length=eq(col).details->length'), [1, 2, 3]);
    assert.deepEqual(await ids('title=eq(col).details->>tags'), []);
    assert.deepEqual(await ids('details->tags=cs(col).details->tags'), [1, 2, 3]);
  });

  it('compares columns of an embed with one another', async () => {
    const answer = await library.get(
      '/directors?select=id,films!director_id(id)&films.director_id=gt(col).editor_id&films.order=id&order=id',
    );
    assert.deepEqual(answer.json, [
      { id: 1, films: [] },
      { id: 2, films: [{ id: 3 }] },
      { id: 3, films: [] },
    ]);
  });

  it('chooses the rows that are written', async () => {
    const answer = await library.send(
      'PATCH',
      '/films?director_id=gt(col).editor_id&select=id',
      { year: 1986 },
      { prefer: 'return=representation' },
    );
    assert.deepEqual(answer.json, [{ id: 3 }]);
    await library.reset();
  });

  it('leaves values that look alike what they are', async () => {
    assert.deepEqual(await ids('title=eq.col(title)'), []);
    assert.deepEqual(await ids('title=in.(col,Ran)'), [3]);
  });

  it('refuses columns that are not there, and operators that take no column', async () => {
    const missing = await library.get('/films?id=eq(col).nope');
    assert.deepEqual([missing.status, (missing.json as { code: string }).code], [400, '42703']);
    for (const filter of [
      'id=in(col).director_id',
      'id=is(col).director_id',
      'id=eq(col).director_id.x',
      'id=eq(col).',
    ]) {
      const refused = await library.get(`/films?${filter}`);
      assert.deepEqual([refused.status, (refused.json as { code: string }).code], [400, 'PGRST100'], filter);
    }
  });

  it('is refused as by the reference unless the setting is on', async () => {
    const plain = await library.withConfig({ beyond: defaultBeyond });
    const refused = await plain.get('/films?director_id=eq(col).editor_id');
    assert.equal((refused.json as { code: string }).code, 'PGRST100');
    await plain.engine.close();
  });
});
