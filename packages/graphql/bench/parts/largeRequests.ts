/** The largest requests that one user may think of, as bodies. */

export interface LargeRequest {
  readonly title: string;
  /** The body of the given round: no two are alike, so that none is remembered. */
  readonly make: (round: number) => string;
}

const body = (query: string, variables: unknown = {}): string => JSON.stringify({ query, variables });
const many = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const insertNotes =
  'mutation ($objects: [note_insert_input!]!) { insert_note(objects: $objects) { affected_rows } }';
const readNotes = 'query ($where: note_bool_exp!) { note(where: $where, limit: 1) { id } }';

/** Objects of one shape. */
const insertOf = (count: number, columns: (i: number) => object): LargeRequest => ({
  title: `insert of ${count.toLocaleString('en')} objects`,
  make: round =>
    body(insertNotes, { objects: many(count, i => ({ title: `Note ${round} ${i}`, ...columns(i) })) }),
});

export const loads: readonly LargeRequest[] = [
  insertOf(1000, i => ({ n: i, tags: [`tag ${i}`], data: { a: i } })),
  insertOf(20_000, () => ({})),
  {
    title: 'insert of 10,000 objects of many shapes',
    make: round =>
      body(insertNotes, {
        objects: many(10_000, i => ({
          title: `Note ${round} ${i}`,
          ...(i % 2 && { n: i }),
          ...(i % 3 && { data: { a: i } }),
        })),
      }),
  },
  {
    title: 'insert of 1,000 objects with rows beside them',
    make: round =>
      body(insertNotes, {
        objects: many(1000, i => ({
          title: `Note ${round} ${i}`,
          replies: { data: [{ body: `Reply ${i}` }] },
        })),
      }),
  },
  {
    title: 'insert of one object with 20,000 rows beside it',
    make: round =>
      body(insertNotes, {
        objects: [{ title: `Note ${round}`, replies: { data: many(20_000, i => ({ body: `Reply ${i}` })) } }],
      }),
  },
  {
    title: 'insert of 500 objects in the text',
    make: round =>
      body(
        `mutation { insert_note(objects: [${many(500, i => `{title: "Note ${round} ${i}", n: ${i}}`).join(' ')}]) { affected_rows } }`,
      ),
  },
  {
    title: '20 inserts of 800 objects in a batch',
    make: round =>
      JSON.stringify(
        many(20, part => ({
          query: insertNotes,
          variables: { objects: many(800, i => ({ title: `Note ${round} ${part} ${i}`, n: i })) },
        })),
      ),
  },
  {
    title: '2,000 updates at once',
    make: round =>
      body(
        'mutation ($updates: [note_updates!]!) { update_note_many(updates: $updates) { affected_rows } }',
        {
          updates: many(2000, i => ({
            where: { id: { _eq: 1 + (i % 1000) } },
            _set: { title: `Note ${round} ${i}` },
          })),
        },
      ),
  },
  {
    title: 'one of 90,000 numbers',
    make: round => body(readNotes, { where: { n: { _in: many(90_000, i => i + round) } } }),
  },
  {
    title: '15,000 conditions',
    make: round => body(readNotes, { where: { _or: many(15_000, i => ({ n: { _eq: i + round } })) } }),
  },
  {
    title: 'conditions nested 400 deep',
    make: () => {
      let where: unknown = { n: { _eq: 1 } };
      for (let i = 0; i < 200; i++) where = { _not: where };
      return body(readNotes, { where });
    },
  },
  {
    title: 'a JSON column of 90,000 values',
    make: round => body(insertNotes, { objects: [{ title: 'Large', data: many(90_000, i => i + round) }] }),
  },
  {
    title: 'a JSON column of 90,000 numbers that JavaScript rounds',
    make: round =>
      body(insertNotes, { objects: [{ title: 'Large', data: ['digits'] }] }).replace(
        '"digits"',
        many(90_000, i => `12345678901234567890.${i}${round}0`).join(','),
      ),
  },
  {
    title: 'a text of 15 MiB',
    make: round => body(insertNotes, { objects: [{ title: `${round}`.repeat(15 * 1024 * 1024) }] }),
  },
  {
    title: 'a text of 15 MiB of what is escaped',
    make: () => body(insertNotes, { objects: [{ title: '\n'.repeat((15 * 1024 * 1024) / 2) }] }),
  },
  {
    title: 'a JSON column of 15 MiB',
    make: round =>
      body(insertNotes, {
        objects: [{ title: 'Large', data: many(300, i => `${i}${round}`.repeat(10_000)) }],
      }),
  },
  {
    title: 'no JSON in 15 MiB',
    make: () => `{"query": "{ note { id } }", "variables": {"a": [${'1,'.repeat(40_000)}`,
  },
  {
    title: 'a document of 15 MiB',
    make: () => body(`# ${'x'.repeat(15 * 1024 * 1024)}\n{ note(limit: 1) { id } }`),
  },
  {
    title: '9,000 fragments spread',
    make: round =>
      body(`query q${round} { note(limit: 1) { id ${'...f '.repeat(9000)} } } fragment f on note { title }`),
  },
  {
    title: '2,200 fragments',
    make: round =>
      body(
        `query q${round} { note(limit: 1) { id ${many(2200, i => `...f${i}`).join(' ')} } } ${many(2200, i => `fragment f${i} on note { title }`).join(' ')}`,
      ),
  },
  {
    title: '6,000 fields',
    make: round =>
      body(`query q${round} { note(limit: 1) { ${many(6000, i => `a${i}: title`).join(' ')} } }`),
  },
  {
    title: '300 fields with arguments of one name',
    make: round =>
      body(
        `query q${round} { ${many(300, () => `note(limit: 1, where: {n: {_in: [${many(40, i => i).join(' ')}]}}) { id }`).join(' ')} }`,
      ),
  },
  {
    title: '18,000 tokens of a list',
    make: round =>
      body(
        `query q${round} { note(where: {n: {_in: [${many(18_000, i => i).join(' ')}]}}, limit: 1) { id } }`,
      ),
  },
  {
    title: '4,500 variables',
    make: round =>
      body(`query q${round}(${many(4500, i => `$v${i}: Int`).join(' ')}) { note(limit: 1) { id } }`),
  },
  {
    title: 'fragments that nest 14 times twofold',
    make: round =>
      body(
        `query q${round} { note(limit: 1) { ...f0 } } ${many(12, i => `fragment f${i} on note { ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f12 on note { id }`,
      ),
  },
  {
    title: 'fragments that skip, 30 times twofold',
    make: round =>
      body(
        `query q${round} { note(limit: 1) { id ...f0 } } ${many(30, i => `fragment f${i} on note { ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f30 on other { id }`,
      ),
  },
];
