import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestError } from '../errors.ts';
import { parseQuery } from './query.ts';
import type { Filter, SelectItem } from './types.ts';

const onlyFilter = (query: string): Filter => {
  const [first] = parseQuery(query, false).filters;
  assert.ok(first);
  return first[1];
};

const select = (text: string): readonly SelectItem[] =>
  parseQuery(`select=${encodeURIComponent(text)}`, false).select;

const plain = { aggregate: null, aggregateCast: null, cast: null, alias: null };

describe('reading select', () => {
  it('takes aliases, casts and json paths', () => {
    assert.deepEqual(select('total:price::text,data->a->>0'), [
      { ...plain, kind: 'field', field: { name: 'price', path: [] }, cast: 'text', alias: 'total' },
      {
        ...plain,
        kind: 'field',
        field: {
          name: 'data',
          path: [
            { arrow: '->', operand: { kind: 'key', value: 'a' } },
            { arrow: '->>', operand: { kind: 'index', value: '+0' } },
          ],
        },
      },
    ]);
  });

  it('takes hints and join types in any order', () => {
    const expected = {
      kind: 'relation',
      relation: 'rel',
      alias: 'a',
      hint: 'fk',
      joinType: 'inner',
      spread: false,
    };
    for (const text of ['a:rel!fk!inner(id)', 'a:rel!inner!fk(id)']) {
      const [{ select: inner, ...head } = { select: [] }] = select(text) as [
        Extract<SelectItem, { kind: 'relation' }>,
      ];
      assert.deepEqual(head, expected);
      assert.equal(inner.length, 1);
    }
  });

  it('tells an aggregate from a relation of its name', () => {
    assert.deepEqual(select('count()'), [
      { ...plain, kind: 'field', field: { name: '*', path: [] }, aggregate: 'count' },
    ]);
  });

  it('keeps casts before and after an aggregate apart', () => {
    assert.deepEqual(select('amount::int.sum()::text'), [
      {
        kind: 'field',
        field: { name: 'amount', path: [] },
        aggregate: 'sum',
        aggregateCast: 'text',
        cast: 'int',
        alias: null,
      },
    ]);
  });

  it('takes quoted names with anything in them', () => {
    const [item] = select('"a,b(c)":"say \\"hi"') as [Extract<SelectItem, { kind: 'field' }>];
    assert.equal(item.alias, 'a,b(c)');
    assert.equal(item.field.name, 'say "hi');
  });

  it('selects nothing for an empty text', () => assert.deepEqual(select(''), []));
});

describe('reading filters', () => {
  it('takes values with reserved characters as they are', () => {
    assert.deepEqual(onlyFilter('name=eq.a.b,(c)').expression, {
      negated: false,
      operation: { kind: 'quantified', operator: 'eq', quantifier: null, value: 'a.b,(c)' },
    });
  });

  it('takes quoted elements of lists', () => {
    const { operation } = onlyFilter('name=not.in.("Hebdon,John",x,"a\\"b")').expression;
    assert.deepEqual(operation, { kind: 'in', values: ['Hebdon,John', 'x', 'a"b'] });
  });

  it('takes quantifiers and languages', () => {
    assert.deepEqual(onlyFilter('name=like(any).{a*,b*}').expression.operation, {
      kind: 'quantified',
      operator: 'like',
      quantifier: 'any',
      value: '{a*,b*}',
    });
    assert.deepEqual(onlyFilter('t=wfts(french).amusant').expression.operation, {
      kind: 'fts',
      operator: 'wfts',
      language: 'french',
      value: 'amusant',
    });
  });

  it('does not take a name for a longer one', () => {
    assert.throws(() => parseQuery('a=eqq.1', false), RestError);
  });

  it('places a filter on the embed its path names', () => {
    const [[path, filter] = []] = parseQuery('clients.projects.data->a=eq.1', false).filters;
    assert.deepEqual(path, ['clients', 'projects']);
    assert.equal(filter?.field.name, 'data');
  });

  it('takes what has no operator as an argument of a function, in order', () => {
    const { params, filters } = parseQuery('v=a&id=eq.1&v=b', true);
    assert.deepEqual(params, [
      ['v', 'a'],
      ['v', 'b'],
    ]);
    assert.equal(filters.length, 1);
  });

  it('names the place and what was expected', () => {
    assert.throws(
      () => parseQuery('id=noop.0', false),
      (error: RestError) => {
        assert.equal(error.code, 'PGRST100');
        assert.equal(error.message, '"failed to parse filter (noop.0)" (line 1, column 1)');
        assert.equal(error.details, 'unexpected "o" expecting "not" or operator (eq, gt, ...)');
        return true;
      },
    );
  });
});

describe('a query with several faults', () => {
  it('is refused for its order, then its logic, columns, select and filters', () => {
    const faults = ['order=id.nope', 'or=(x)', 'columns="', 'select=a(', 'id=nope'];
    for (const [n, what] of ['order', 'logic tree', 'columns', 'select', 'filter'].entries()) {
      const query = faults.slice(n).reverse().join('&');
      assert.throws(() => parseQuery(query, false), { message: new RegExp(`failed to parse ${what}`) });
    }
  });
});

describe('reading logic trees', () => {
  it('keeps nesting and negation', () => {
    const [[path, tree] = []] = parseQuery(
      'clients.not.or=(id.eq.1,not.and(a.is.null,b.cs.{1,2}))',
      false,
    ).logic;
    assert.deepEqual(path, ['clients']);
    assert.ok(tree?.kind === 'logic' && tree.negated && tree.operator === 'or');
    const [, second] = tree.trees;
    assert.ok(second?.kind === 'logic' && second.negated && second.operator === 'and');
    const [, inner] = second.trees;
    assert.deepEqual(inner, {
      kind: 'filter',
      filter: {
        field: { name: 'b', path: [] },
        expression: { negated: false, operation: { kind: 'simple', operator: 'cs', value: '{1,2}' } },
      },
    });
  });
});

describe('reading the rest of a query', () => {
  it('reads orders by level, with columns of embeds', () => {
    const { order } = parseQuery('order=clients(name).desc.nullslast,id&clients.order=id.asc', false);
    assert.deepEqual(order, [
      [
        [],
        [
          { relation: 'clients', field: { name: 'name', path: [] }, direction: 'desc', nulls: 'nullslast' },
          { relation: null, field: { name: 'id', path: [] }, direction: null, nulls: null },
        ],
      ],
      [['clients'], [{ relation: null, field: { name: 'id', path: [] }, direction: 'asc', nulls: null }]],
    ]);
  });

  it('ignores a limit that is no number', () => {
    assert.deepEqual(parseQuery('limit=abc', false).ranges.get(''), {
      lower: 0,
      upper: Number.POSITIVE_INFINITY,
    });
  });

  it('reads limit and offset of every level', () => {
    const { ranges } = parseQuery('limit=5&offset=10&a.b.limit=1', false);
    assert.deepEqual(ranges.get(''), { lower: 10, upper: 14 });
    assert.deepEqual(ranges.get('a.b'), { lower: 0, upper: 0 });
  });

  it('sorts the canonical query by name and encodes it again', () => {
    assert.equal(parseQuery('select=id&id=in.(1,2)&a', false).canonical, 'a=&id=in.%281%2C2%29&select=id');
  });

  it('decodes plus signs and UTF-8, and leaves a stray percent sign', () => {
    assert.equal(
      (onlyFilter('name=eq.a+%C3%A9+100%').expression.operation as { value: string }).value,
      'a é 100%',
    );
  });

  it('refuses more parameters than anyone needs', () => {
    assert.throws(() => parseQuery('a=eq.1&'.repeat(2001), false), RestError);
  });
});
