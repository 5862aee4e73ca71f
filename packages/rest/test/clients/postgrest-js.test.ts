import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createClient } from '@supabase/supabase-js';
import { type Shop, startShop } from './fixture.ts';

/** The platform's address: what it puts in front of the service is the gateway's affair. */
const platform = 'http://localhost';

/** supabase-js on the service at `url`; without a key as a client that has no token. */
function connect(url: string, key: string | null) {
  // Types of the schema are the generator's affair; here any name and value may be sent.
  // biome-ignore lint/suspicious/noExplicitAny: the client's own default for untyped use
  return createClient<any, { PostgrestVersion: '14' }, any>(platform, key ?? 'none', {
    auth: { persistSession: false, autoRefreshToken: false },
    global: {
      fetch: (input, init) => {
        const headers = new Headers(init?.headers);
        if (key === null) headers.delete('authorization');
        return fetch(String(input).replace(`${platform}/rest/v1`, url), { ...init, headers });
      },
    },
  });
}

/** The postgrest-js client inside of it. */
const connectRest = (url: string, key: string | null) => connect(url, key).schema('public');

interface Answer {
  readonly data: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly count: number | null;
  readonly status: number;
}

describe('postgrest-js', () => {
  let shop: Shop;
  let client: ReturnType<typeof connectRest>;
  before(async () => {
    shop = await startShop();
    client = connectRest(shop.url, null);
  });
  beforeEach(() => shop.reset());
  after(() => shop.stop());

  const ok = async (query: PromiseLike<unknown>, status = 200): Promise<unknown> => {
    const answer = (await query) as Answer;
    assert.equal(answer.error, null, JSON.stringify(answer.error));
    assert.equal(answer.status, status);
    return answer.data;
  };
  const refused = async (query: PromiseLike<unknown>, status: number, code: string): Promise<void> => {
    const answer = (await query) as Answer;
    assert.deepEqual([answer.status, answer.error?.code], [status, code]);
    assert.equal(answer.data, null);
  };
  const products = () => client.from('products').select('id').order('id');
  const ids = async (query: PromiseLike<unknown>): Promise<unknown> =>
    ((await ok(query)) as { id: number }[]).map(({ id }) => id);

  describe('filters', () => {
    it('compare', async () => {
      assert.deepEqual(await ids(products().eq('name', 'Rat trap')), [2]);
      assert.deepEqual(await ids(products().neq('id', 1)), [2, 3, 4]);
      assert.deepEqual(await ids(products().gt('price', 7)), [1, 2]);
      assert.deepEqual(await ids(products().gte('price', 7)), [1, 2, 3]);
      assert.deepEqual(await ids(products().lt('price', 7)), [4]);
      assert.deepEqual(await ids(products().lte('price', 7)), [3, 4]);
      assert.deepEqual(await ids(products().is('data', null)), [3, 4]);
      assert.deepEqual(await ids(products().isDistinct('cost', 7)), [1, 2, 4]);
      assert.deepEqual(await ids(products().in('name', ['Rat trap', 'a,b(c)', 'Plain bowl'])), [2, 3]);
      assert.deepEqual(await ids(products().notIn('id', [1, 2])), [3, 4]);
      assert.deepEqual(await ids(products().match({ id: 1, name: 'Fat cat mug' })), [1]);
      assert.deepEqual(await ids(products().not('id', 'in', '(1,2)')), [3, 4]);
      assert.deepEqual(await ids(products().filter('id', 'in', '(1,2)')), [1, 2]);
      assert.deepEqual(await ids(products().or('id.eq.1,and(id.gt.2,id.lt.4)')), [1, 3]);
    });

    it('match patterns', async () => {
      assert.deepEqual(await ids(products().like('name', '%at%')), [1, 2]);
      assert.deepEqual(await ids(products().ilike('name', 'RAT%')), [2]);
      assert.deepEqual(await ids(products().likeAllOf('name', ['%at%', '%cat%'])), [1]);
      assert.deepEqual(await ids(products().likeAnyOf('name', ['Rat%', 'Plain%'])), [2, 3]);
      assert.deepEqual(await ids(products().ilikeAllOf('name', ['%AT%', '%CAT%'])), [1]);
      assert.deepEqual(await ids(products().ilikeAnyOf('name', ['RAT%', 'PLAIN%'])), [2, 3]);
      assert.deepEqual(await ids(products().regexMatch('name', '^(Fat|Rat) ')), [1, 2]);
      assert.deepEqual(await ids(products().regexIMatch('name', '^(fat|plain) ')), [1, 3]);
    });

    it('look into arrays, json and ranges', async () => {
      assert.deepEqual(await ids(products().contains('tags', ['kitchen'])), [1, 3]);
      assert.deepEqual(await ids(products().contains('data', { color: 'red' })), [1]);
      assert.deepEqual(await ids(products().contains('sold', '[2,3)')), [1]);
      assert.deepEqual(await ids(products().containedBy('tags', ['kitchen', 'x'])), [3, 4]);
      assert.deepEqual(await ids(products().containedBy('data', { color: 'blue', x: 1 })), [2]);
      assert.deepEqual(await ids(products().overlaps('tags', ['cat', 'house'])), [1, 2]);
      assert.deepEqual(await ids(products().overlaps('sold', '[4,6)')), [1, 2]);
      assert.deepEqual(await ids(products().rangeGt('sold', '[5,9)')), [3]);
      assert.deepEqual(await ids(products().rangeGte('sold', '[5,9)')), [2, 3]);
      assert.deepEqual(await ids(products().rangeLt('sold', '[5,9)')), [1]);
      assert.deepEqual(await ids(products().rangeLte('sold', '[5,9)')), [1, 2]);
      assert.deepEqual(await ids(products().rangeAdjacent('sold', '[5,9)')), [1]);
      assert.deepEqual(await ids(products().eq('data->>color', 'blue')), [2]);
      assert.deepEqual(await ids(products().gt('data->size->cm', 5)), [1]);
    });

    it('search text', async () => {
      assert.deepEqual(await ids(products().textSearch('words', "'fat' & 'cat'")), [1]);
      assert.deepEqual(
        await ids(products().textSearch('words', 'fat cats', { type: 'plain', config: 'english' })),
        [1],
      );
      assert.deepEqual(
        await ids(products().textSearch('words', 'cat mug', { type: 'phrase', config: 'english' })),
        [1],
      );
      assert.deepEqual(
        await ids(products().textSearch('words', 'bowl or trap', { type: 'websearch' })),
        [2, 3],
      );
    });
  });

  describe('modifiers', () => {
    it('order, cut and count', async () => {
      assert.deepEqual(
        await ids(client.from('products').select('id').order('cost', { ascending: false, nullsFirst: true })),
        [4, 2, 3, 1],
      );
      assert.deepEqual(
        await ids(client.from('products').select('id').order('cost', { nullsFirst: false }).order('id')),
        [1, 3, 2, 4],
      );
      assert.deepEqual(await ids(products().limit(2)), [1, 2]);
      assert.deepEqual(await ids(products().range(1, 2)), [2, 3]);
      for (const count of ['exact', 'planned', 'estimated'] as const) {
        const answer: Answer = await client.from('products').select('*', { count, head: true });
        assert.deepEqual([answer.data, answer.count, answer.status], [null, 4, 200], count);
      }
    });

    it('work on embeds', async () => {
      const orders = client
        .from('orders')
        .select('customer, lines(quantity, products(name)), products!inner(id)')
        .eq('products.id', 2)
        .order('quantity', { referencedTable: 'lines', ascending: false })
        .limit(1, { referencedTable: 'lines' })
        .or('quantity.gt.0,quantity.lt.-1', { referencedTable: 'lines' });
      assert.deepEqual(await ok(orders), [
        {
          customer: 'Ann',
          lines: [{ quantity: 2, products: { name: 'Fat cat mug' } }],
          products: [{ id: 2 }],
        },
      ]);
      const ranged = client
        .from('orders')
        .select('id, lines(product_id)')
        .order('id')
        .order('product_id', { referencedTable: 'lines' })
        .range(1, 1, { referencedTable: 'lines' });
      assert.deepEqual(await ok(ranged), [
        { id: 1, lines: [{ product_id: 2 }] },
        { id: 2, lines: [] },
      ]);
      assert.deepEqual(await ok(client.from('products').select('id.count(), price.sum()').single()), {
        count: 4,
        sum: 42.5,
      });
    });

    it('shape the answer', async () => {
      assert.deepEqual(await ok(products().eq('id', 1).single()), { id: 1 });
      await refused(products().single(), 406, 'PGRST116');
      assert.deepEqual(await ok(products().eq('id', 1).maybeSingle()), { id: 1 });
      assert.equal(await ok(products().eq('id', -1).maybeSingle()), null);
      await refused(products().maybeSingle(), 406, 'PGRST116');
      assert.equal(
        await ok(client.from('products').select('id,name').eq('id', 1).csv()),
        'id,name\n1,"Fat cat mug"',
      );
      assert.deepEqual(await ok(products().eq('id', 1).geojson()), {
        type: 'FeatureCollection',
        features: [{ type: 'Feature', geometry: null, properties: { id: 1 } }],
      });
      assert.deepEqual(await ok(client.from('products').select('id,data').eq('id', 3).stripNulls()), [
        { id: 3 },
      ]);
      assert.deepEqual(await ok(products().eq('id', 1).returns<{ id: number }[]>()), [{ id: 1 }]);
      assert.deepEqual(await ok(products().eq('id', 1).overrideTypes<{ id: number }[]>()), [{ id: 1 }]);
      await assert.rejects(async () => await client.from('nowhere').select().throwOnError(), {
        code: 'PGRST205',
      });
      assert.deepEqual(await ids(products().retry(false).setHeader('X-Test', '1').limit(1)), [1]);
    });

    it('explain', async () => {
      assert.match(String(await ok(products().explain())), /Scan/);
      const plan = (await ok(
        products().explain({
          analyze: true,
          verbose: true,
          settings: true,
          buffers: true,
          wal: true,
          format: 'json',
        }),
      )) as { Plan: object }[];
      assert.ok(plan[0]?.Plan);
    });

    it('abort', async () => {
      const aborting = new AbortController();
      const answer = client.rpc('slow').abortSignal(aborting.signal);
      setTimeout(() => aborting.abort(), 50);
      assert.match(((await answer) as Answer).error?.message ?? '', /AbortError/);
    });
  });

  describe('writes', () => {
    it('insert', async () => {
      assert.equal(await ok(client.from('products').insert({ name: 'A' }), 201), null);
      const rows = client
        .from('products')
        .insert([{ name: 'B' }, { name: 'C', price: 2 }], { defaultToNull: false, count: 'exact' })
        .select('name, price');
      const answer: Answer = await rows;
      assert.deepEqual(
        [answer.data, answer.count],
        [
          [
            { name: 'B', price: 1 },
            { name: 'C', price: 2 },
          ],
          2,
        ],
      );
      await refused(client.from('products').insert([{ name: 'D' }, { name: 'E', price: 2 }]), 400, '23502');
      await refused(client.from('products').insert({ name: 'Rat trap' }), 409, '23505');
      assert.deepEqual(await ok(client.from('products').insert({ name: 'F' }).select('name').single(), 201), {
        name: 'F',
      });
    });

    it('upsert', async () => {
      assert.deepEqual(
        await ok(client.from('products').upsert({ id: 1, name: 'New mug' }).select('id,name')),
        [{ id: 1, name: 'New mug' }],
      );
      assert.deepEqual(
        await ok(
          client
            .from('products')
            .upsert({ name: 'Rat trap', price: 3 }, { onConflict: 'name' })
            .select('id,price'),
        ),
        [{ id: 2, price: 3 }],
      );
      assert.deepEqual(
        await ok(
          client.from('products').upsert({ id: 1, name: 'x' }, { ignoreDuplicates: true }).select('id'),
          201,
        ),
        [],
      );
      const many = client
        .from('products')
        .upsert(
          [
            { id: 3, name: 'Bowl', price: 8 },
            { id: 50, name: 'G' },
          ],
          { defaultToNull: false, count: 'exact' },
        )
        .select('id,price');
      assert.deepEqual(await ok(many, 201), [
        { id: 3, price: 8 },
        { id: 50, price: 1 },
      ]);
    });

    it('update and delete', async () => {
      assert.equal(await ok(client.from('products').update({ price: 5 }).eq('id', 1), 204), null);
      const updated: Answer = await client
        .from('products')
        .update({ price: 6 }, { count: 'exact' })
        .in('id', [1, 2])
        .select('id, price')
        .order('id');
      assert.deepEqual(
        [updated.data, updated.count],
        [
          [
            { id: 1, price: 6 },
            { id: 2, price: 6 },
          ],
          2,
        ],
      );
      assert.deepEqual(await ok(client.from('products').delete().eq('id', 3).select('id')), [{ id: 3 }]);
      const deleted: Answer = await client.from('lines').delete({ count: 'exact' }).eq('order_id', 1);
      assert.deepEqual([deleted.data, deleted.count, deleted.status], [null, 2, 204]);
    });

    it('bound what is affected, and roll back', async () => {
      await refused(client.from('products').update({ price: 0 }).gt('id', 0).maxAffected(2), 400, 'PGRST124');
      assert.equal(
        await ok(client.from('products').update({ price: 0 }).eq('id', 1).maxAffected(1), 204),
        null,
      );
      assert.deepEqual(await ok(client.from('products').delete().eq('id', 3).select('id').rollback()), [
        { id: 3 },
      ]);
      assert.deepEqual(await ids(products()), [1, 2, 3, 4]);
    });
  });

  describe('functions', () => {
    it('are called by POST, GET and HEAD', async () => {
      assert.equal(await ok(client.rpc('add_them', { a: 1, b: 2 })), 3);
      assert.equal(await ok(client.rpc('add_them', { a: 1, b: 2 }, { get: true })), 3);
      assert.equal(await ok(client.rpc('list_sum', { list: [1, 2, 3] }, { get: true })), 6);
      assert.equal(await ok(client.rpc('list_sum', { list: [1, 2, 3] })), 6);
      assert.equal(await ok(client.rpc('nothing'), 204), null);
      const head: Answer = await client.rpc('cheap', { below: 20 }, { head: true, count: 'exact' });
      assert.deepEqual([head.data, head.count, head.status], [null, 3, 200]);
      await refused(client.rpc('nowhere'), 404, 'PGRST202');
    });

    it('give rows that are filtered, cut and counted', async () => {
      const answer: Answer = await client
        .rpc('cheap', { below: 20 }, { count: 'exact' })
        .select('id')
        .neq('id', 4)
        .order('id')
        .limit(1);
      assert.deepEqual([answer.data, answer.count, answer.status], [[{ id: 1 }], 2, 206]);
      await refused(client.rpc('raise_prices', { by: 1 }).maxAffected(1), 400, 'PGRST124');
      assert.deepEqual(await ok(client.rpc('raise_prices', { by: 1 }).eq('id', 4).select('price').single()), {
        price: 1,
      });
    });
  });

  it('filters by as many ids as an address may hold', async () => {
    const wanted = Array.from({ length: 430 }, () => randomUUID());
    assert.deepEqual(await ok(client.from('products').select('id').in('name', wanted)), []);
  });

  it('reaches other schemas, and describes itself', async () => {
    assert.deepEqual(await ok(client.schema('other').from('notes').select()), [{ id: 1, body: 'elsewhere' }]);
    assert.equal(await ok(client.schema('other').rpc('hello')), 'hello');
    assert.deepEqual(await ok(client.schema('other').from('notes').insert({ id: 2 }).select('id'), 201), [
      { id: 2 },
    ]);
    await refused(client.schema('nowhere').from('notes').select(), 406, 'PGRST106');
    const document = (await ok(client.getOpenApiSpec())) as { swagger: string; paths: object };
    assert.equal(document.swagger, '2.0');
    assert.ok('/products' in document.paths);
  });

  it('tells the error of an unknown column, a bad value and a missing privilege', async () => {
    await refused(client.from('products').select('nope'), 400, '42703');
    await refused(client.from('products').select().eq('id', 'x'), 400, '22P02');
    await refused(client.from('private').select(), 401, '42501');
    const member = connectRest(shop.url, shop.token);
    assert.deepEqual(await ok(member.from('private').select()), [{ id: 1 }]);
    const bad = connectRest(shop.url, 'nonsense');
    await refused(bad.from('products').select(), 401, 'PGRST301');
  });

  it('is part of supabase-js, whose keys are tokens', async () => {
    const supabase = connect(shop.url, shop.token);
    assert.deepEqual(await ok(supabase.from('private').select()), [{ id: 1 }]);
    assert.equal(await ok(supabase.rpc('add_them', { a: 2, b: 3 })), 5);
    assert.deepEqual(await ok(supabase.schema('other').from('notes').select('id')), [{ id: 1 }]);
    assert.deepEqual(
      await ok(supabase.from('products').upsert({ id: 9, name: 'S' }).select('id').single(), 201),
      { id: 9 },
    );
  });
});
