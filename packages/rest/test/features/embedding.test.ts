import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Library, startLibrary } from './library.ts';

describe('embedding', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ dbAggregatesEnabled: true });
  });
  after(() => library.close());

  const read = async (target: string): Promise<unknown> => {
    const answer = await library.get(target);
    assert.equal(answer.status, 200, `${target}: ${answer.text}`);
    return answer.json;
  };
  const refusal = async (target: string): Promise<{ code: string; hint: string; details: unknown }> => {
    const answer = await library.get(target);
    assert.ok(answer.status >= 300, answer.text);
    return answer.json as { code: string; hint: string; details: unknown };
  };

  it('follows foreign keys both ways', async () => {
    assert.deepEqual(await read('/films?select=title,directors!director_id(name)&id=lt.3&order=id'), [
      { title: 'Cléo from 5 to 7', directors: { name: 'Agnès Varda' } },
      { title: 'Ikiru', directors: { name: 'Akira Kurosawa' } },
    ]);
    assert.deepEqual(
      await read('/directors?select=name,films!director_id(title)&order=id&films.order=year'),
      [
        { name: 'Agnès Varda', films: [{ title: 'Cléo from 5 to 7' }] },
        { name: 'Akira Kurosawa', films: [{ title: 'Ikiru' }, { title: 'Ran' }] },
        { name: 'Unknown', films: [] },
      ],
    );
  });

  it('goes through junctions, one-to-one keys and views', async () => {
    assert.deepEqual(await read('/films?select=id,actors(name),budgets(amount)&id=eq.2'), [
      { id: 2, actors: [{ name: 'Takashi Shimura' }], budgets: { amount: 100 } },
    ]);
    assert.deepEqual(await read('/old_films?select=title,directors(name)&order=id&limit=1'), [
      { title: 'Cléo from 5 to 7', directors: { name: 'Agnès Varda' } },
    ]);
  });

  it('refuses to guess between two keys, and says how to choose', async () => {
    const error = await refusal('/films?select=directors(name)');
    assert.equal(error.code, 'PGRST201');
    assert.equal((error.details as unknown[]).length, 2);
    assert.deepEqual(await read('/films?select=editor:directors!films_editor_id_fkey(name)&id=eq.3'), [
      { editor: { name: 'Agnès Varda' } },
    ]);
    assert.deepEqual(await read('/films?select=editor_id(name)&id=eq.3'), [
      { editor_id: { name: 'Agnès Varda' } },
    ]);
  });

  it('walks a tree by its own key', async () => {
    assert.deepEqual(await read('/nodes?select=label,parent_id(label),nodes(label)&id=eq.2'), [
      { label: 'left', parent_id: { label: 'root' }, nodes: [{ label: 'leaf' }] },
    ]);
  });

  it('filters, orders and limits on every level', async () => {
    assert.deepEqual(
      await read(
        '/directors?select=name,films!director_id!inner(title,actors(name))&films.year=gt.1960&films.limit=1&order=id&films.actors.name=like.T*',
      ),
      [
        { name: 'Agnès Varda', films: [{ title: 'Cléo from 5 to 7', actors: [] }] },
        { name: 'Akira Kurosawa', films: [{ title: 'Ran', actors: [{ name: 'Tatsuya Nakadai' }] }] },
      ],
    );
  });

  it('shows the embeds that a parameter addresses before the others', async () => {
    const { text } = await library.get(
      '/films?select=id,directors!director_id(name),roles(part)&id=eq.1&roles.order=part&roles.limit=1',
    );
    assert.match(text, /^\[\{"id":1,"roles":\[.*\],"directors":\{.*\}\}\]$/);
  });

  it('asks whether an embed is there', async () => {
    assert.deepEqual(await read('/films?select=id,budgets()&budgets=is.null&order=id'), [
      { id: 1 },
      { id: 4 },
    ]);
    assert.deepEqual(await read('/films?select=id,budgets()&or=(budgets.not.is.null,id.eq.4)&order=id'), [
      { id: 2 },
      { id: 3 },
      { id: 4 },
    ]);
    const counted = await library.get('/films?select=id,budgets!inner()&limit=1', { prefer: 'count=exact' });
    assert.equal(counted.headers['content-range'], '0-0/2');
  });

  it('orders by columns of a to-one embed only', async () => {
    assert.deepEqual(
      await read('/films?select=id,by:directors!director_id(name)&order=by(name).desc.nullslast,id&id=lt.4'),
      [
        { id: 2, by: { name: 'Akira Kurosawa' } },
        { id: 3, by: { name: 'Akira Kurosawa' } },
        { id: 1, by: { name: 'Agnès Varda' } },
      ],
    );
    assert.equal((await refusal('/directors?select=films!director_id(id)&order=films(id)')).code, 'PGRST118');
    assert.equal((await refusal('/films?order=directors(name)')).code, 'PGRST108');
  });

  it('spreads one row into columns and many into arrays', async () => {
    assert.deepEqual(await read('/films?select=title,...directors!director_id(director:name)&id=eq.2'), [
      { title: 'Ikiru', director: 'Akira Kurosawa' },
    ]);
    assert.deepEqual(
      await read(
        '/directors?select=name,...films!director_id(titles:title,year)&id=eq.2&films.order=year.desc',
      ),
      [{ name: 'Akira Kurosawa', titles: ['Ran', 'Ikiru'], year: [1985, 1952] }],
    );
  });

  it('asks whether rows have related ones, shown or not', async () => {
    const ids = async (query: string): Promise<unknown> =>
      ((await read(`/films?select=id,${query}&order=id`)) as { id: number }[]).map(({ id }) => id);
    assert.deepEqual(await ids('roles()&roles=is.null'), [4]);
    assert.deepEqual(await ids('roles()&roles=not.is.null'), [1, 2, 3]);
    assert.deepEqual(await ids('roles(part)&roles=is.null'), [4]);
    assert.deepEqual(await ids('roles()&roles=is.null&roles.part=eq.Hidetora'), [1, 2, 4]);
    assert.deepEqual(await ids('roles!inner()&roles.part=eq.Hidetora'), [3]);
    assert.deepEqual(await ids('roles!inner(part)&roles.part=eq.Hidetora'), [3]);
    assert.deepEqual(await ids('roles()&or=(roles.is.null,id.eq.1)'), [1, 4]);
    assert.deepEqual(await ids('roles()&not.or=(roles.is.null,id.eq.1)'), [2, 3]);
    assert.deepEqual(await ids('roles()&roles=not.is.null&roles.offset=1'), []);
    assert.deepEqual(await ids('roles()&roles=is.null&roles.limit=0'), [1, 2, 3, 4]);
    assert.deepEqual(await ids('roles(count())&roles=is.null'), []);
    assert.deepEqual(await ids('directors!director_id()&directors=is.null'), [4]);
    assert.deepEqual(await ids('actors()&actors=is.null'), [4]);
    assert.deepEqual(await ids('roles!inner(actors!inner())&roles.actors.name=like.T*'), [2, 3]);
    assert.deepEqual(await ids('main_actor()&main_actor=is.null'), [4]);
    const counted = await library.get('/films?select=id,roles()&roles=is.null', { prefer: 'count=exact' });
    assert.equal(counted.headers['content-range'], '0-0/1');
  });

  it('uses a function as a relationship', async () => {
    assert.deepEqual(await read('/films?select=id,main_actor(name)&id=eq.1'), [
      { id: 1, main_actor: { name: 'Corinne Marchand' } },
    ]);
  });

  it('aggregates by what is selected beside', async () => {
    assert.deepEqual(await read('/films?select=count(),year.max()'), [{ count: 4, max: 1985 }]);
    assert.deepEqual(
      await read(
        '/films?select=...directors!director_id(name),n:id.count()&director_id=not.is.null&order=directors(name)',
      ),
      [
        { n: 1, name: 'Agnès Varda' },
        { n: 2, name: 'Akira Kurosawa' },
      ],
    );
    assert.deepEqual(await read('/directors?select=id,films!director_id(count())&id=eq.2'), [
      { id: 2, films: [{ count: 2 }] },
    ]);
    const off = await library.withConfig({ dbAggregatesEnabled: false });
    assert.equal(((await off.get('/films?select=count()')).json as { code: string }).code, 'PGRST123');
    await off.close();
  });

  it('warns of an embed that is addressed by name although it has an alias', async () => {
    const { headers } = await library.get(
      '/films?select=id,by:directors!director_id(name)&directors.id=eq.1',
    );
    assert.match(
      headers.warning ?? '',
      /^299 PostgREST.* Update `directors` to `by` in query string filters/,
    );
    const strict = await library.withConfig({ urlUseLegacyTargetNames: false });
    const refused = await strict.get('/films?select=id,by:directors!director_id(name)&directors.id=eq.1');
    assert.equal(
      (refused.json as { hint: string }).hint,
      "Change 'directors' to 'by' in filters, orders or limits.",
    );
    await strict.close();
  });

  it('suggests the nearest relation', async () => {
    assert.equal(
      (await refusal('/films?select=actor(name)')).hint,
      "Perhaps you meant 'actors' instead of 'actor'.",
    );
  });
});
