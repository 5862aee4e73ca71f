import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Catalog, loadCatalog } from '@peakstone/kernel/catalog';
import { createPool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { generateTypes, generateZod } from '../../src/gen/index.ts';
import { FIXTURE } from './fixture.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

let database: TestDatabase;
let catalog: Catalog;
let folder: string;

before(async () => {
  database = await testDatabase({ sql: FIXTURE });
  const pool = createPool({ url: database.superuserUrl, size: 1 });
  catalog = await loadCatalog(pool);
  await pool.close();
  folder = await mkdtemp(path.join(tmpdir(), 'gen-'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});

after(async () => {
  await database?.drop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The lines of one property, without its own indentation. */
function excerpt(text: string, name: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex(line => line.trim() === `${name}: {` || line.trim() === `${name}:`);
  assert.notEqual(start, -1, `${name} is not in the text`);
  const depth = lines[start]!.search(/\S/);
  const next = lines.findIndex((line, i) => i > start && line.search(/\S/) <= depth);
  const end = lines[next]!.trim() === '}' && lines[next]!.search(/\S/) === depth ? next + 1 : next;
  return lines
    .slice(start, end)
    .map(line => line.slice(depth))
    .join('\n');
}

/** Compiles files as a user's project would, with the client library that is installed. */
async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  await writeFile(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
        lib: ['es2022', 'dom'],
        allowImportingTsExtensions: true,
      },
      files: Object.keys(files),
    }),
  );
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [tsc, '-p', folder]).then(
    () => '',
    (error: { stdout?: string; message: string }) => error.stdout || error.message,
  );
}

describe('generating TypeScript types', () => {
  it('writes what rows hold, what inserts need and updates may have', () => {
    assert.equal(
      excerpt(generateTypes(catalog, { schemas: ['films'] }), 'directors'),
      `directors: {
  Row: {
    id: number
    name: string
  }
  Insert: {
    id?: never
    name: string
  }
  Update: {
    id?: never
    name?: string
  }
  Relationships: []
}`,
    );
  });

  it('writes each overload of a function, its optional arguments and whose rows it returns', () => {
    const text = generateTypes(catalog, { schemas: ['films'] });
    assert.equal(
      excerpt(text, 'add'),
      `add:
  | {
    Args: {
      a: string
    }
    Returns: string
  }
  | {
    Args: {
      a: number
      b?: number
    }
    Returns: number
  }`,
    );
    assert.equal(
      excerpt(text, 'shout'),
      `shout: {
  Args: {
    "": Database["films"]["Tables"]["films"]["Row"]
  }
  Returns: { error: true } & "shout is a computed field: select it from films"
}`,
    );
    assert.equal(
      excerpt(text, 'debut'),
      `debut: {
  Args: {
    d: Database["films"]["Tables"]["directors"]["Row"]
  }
  Returns: Omit<Database["films"]["Tables"]["films"]["Row"], Database["films"]["Tables"]["films"]["ComputedFields"]>
  SetofOptions: {
    from: "directors"
    to: "films"
    isOneToOne: true
    isSetofReturn: true
  }
}`,
    );
    assert.equal(
      excerpt(text, 'stats'),
      `stats: {
  Args: never
  Returns: { films: number; genre: Database["films"]["Enums"]["genre"] }[]
}`,
    );
  });

  it('gives views that cannot be written no Insert and no Update', () => {
    assert.equal(
      excerpt(generateTypes(catalog, { schemas: ['films'] }), 'counts'),
      `counts: {
  Row: {
    films: number | null
    genre: Database["films"]["Enums"]["genre"] | null
  }
  Relationships: []
}`,
    );
  });

  it('spells out types of schemas that are left out, and names those that are not', () => {
    assert.match(generateTypes(catalog, { schemas: ['films'] }), /mood: "good" \| "bad" \| null/);
    assert.match(
      generateTypes(catalog, { schemas: ['films', 'other'] }),
      /mood: Database\["other"\]\["Enums"\]\["mood"\] \| null/,
    );
  });

  it('is the same text every time', () => {
    assert.equal(generateTypes(catalog), generateTypes(catalog));
  });

  it('is what supabase-js infers results, inserts and arguments from', async () => {
    const errors = await compile({
      'database.ts': generateTypes(catalog),
      'usage.ts': `
import { createClient } from '@supabase/supabase-js';
import { Constants, type Database, type Enums, type Tables, type TablesInsert } from './database.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => {};

const client = createClient<Database, 'films'>('http://localhost', 'key', { db: { schema: 'films' } });

const { data: films } = await client.from('films').select('title, genre, shout, directors(name), scripts(body), similar(title)').single();
same<typeof films, {
  title: string;
  genre: 'drama' | 'comedy';
  shout: string | null;
  directors: { name: string };
  scripts: { body: string | null } | null;
  similar: { title: string }[];
} | null>(true);

const { data: all } = await client.from('films').select();
same<'shout' extends keyof NonNullable<typeof all>[number] ? true : false, false>(true);

const { data: directors } = await client.from('directors').select('name, debut(title), films(title)').single();
same<NonNullable<typeof directors>['films'], { title: string }[]>(true);
same<NonNullable<NonNullable<typeof directors>['debut']>['title'], string>(true);

const { data: sum } = await client.rpc('add', { a: 1, b: 2 });
same<typeof sum, number | null>(true);
const { data: text } = await client.rpc('add', { a: 'x' });
same<typeof text, string | null>(true);
const { data: found } = await client.rpc('search', { query: 'x' }).select('title');
same<typeof found, { title: string }[] | null>(true);
const { data: whole } = await client.rpc('search', { query: 'x' });
same<'shout' extends keyof NonNullable<typeof whole>[number] ? true : false, false>(true);
same<NonNullable<typeof whole>[number]['director_id'], number>(true);
const { data: refused } = await client.rpc('shout');
same<NonNullable<typeof refused>['error'], true>(true);
const { data: stats } = await client.rpc('stats');
same<typeof stats, { films: number; genre: 'drama' | 'comedy' }[] | null>(true);

await client.from('films').insert({ title: 'Nosferatu', director_id: 1 });
// @ts-expect-error the title is missing
await client.from('films').insert({ director_id: 1 });
// @ts-expect-error the decade is generated
await client.from('films').update({ decade: 192 });
// @ts-expect-error no such genre
await client.from('films').select().eq('genre', 'western');
// @ts-expect-error the view cannot be written
await client.from('counts').insert({ films: 1 });

same<Tables<'directors'>, { id: number; name: string }>(true);
same<Tables<{ schema: 'films' }, 'counts'>['films'], number | null>(true);
same<TablesInsert<'scripts'>, { body?: string | null; film_id: string }>(true);
same<Enums<'genre'>, (typeof Constants.films.Enums.genre)[number]>(true);
same<Enums<{ schema: 'other' }, 'mood'>, 'good' | 'bad'>(true);
`,
    });
    assert.equal(errors, '');
  });
});

describe('generating Zod schemas', () => {
  const installed = () => {
    try {
      return createRequire(import.meta.url).resolve('zod/package.json') !== '';
    } catch {
      return false;
    }
  };
  const skip = installed() ? false : 'zod is not installed';

  it('writes what rows hold and inserts need, with lengths and whole numbers', () => {
    const text = generateZod(catalog, { schemas: ['films'] });
    assert.ok(
      text.includes(`export const filmsDirectorsRow = z.object({
  id: z.number().multipleOf(1),
  name: z.string().max(80),
})

export const filmsDirectorsInsert = z.object({
  name: z.string().max(80),
})
`),
      text,
    );
    assert.ok(text.includes('export const filmsGenre = z.enum(["drama", "comedy"])\n'));
  });

  it('compiles, and accepts and refuses as the database would', { skip }, async () => {
    const errors = await compile({
      'zod.ts': generateZod(catalog),
      'types.ts': generateTypes(catalog),
      'usage.ts': `
import type * as z from 'zod';
import type { TablesInsert } from './types.ts';
import type { filmsFilmsInsert } from './zod.ts';
const film: z.infer<typeof filmsFilmsInsert> = { title: 'Metropolis', director_id: 1 };
export const insert: Omit<TablesInsert<'films'>, 'decade'> = { title: film.title, director_id: film.director_id };
`,
    });
    assert.equal(errors, '');
    const { filmsFilmsInsert, filmsDirectorsInsert, filmsFilmsRow } = (await import(
      pathToFileURL(path.join(folder, 'zod.ts')).href
    )) as Record<string, { safeParse(value: unknown): { success: boolean } }>;
    const accepts = (schema: typeof filmsFilmsInsert, value: unknown) => schema!.safeParse(value).success;
    assert.equal(
      accepts(filmsFilmsInsert, { title: 'M', director_id: 2, genres: ['drama'], facts: { a: [1] } }),
      true,
    );
    assert.equal(accepts(filmsFilmsInsert, { title: 'M' }), false);
    assert.equal(accepts(filmsFilmsInsert, { title: 'M', director_id: 2.5 }), false);
    assert.equal(accepts(filmsFilmsInsert, { title: 'M', director_id: 2, id: 'not a uuid' }), false);
    assert.equal(accepts(filmsDirectorsInsert, { name: 'x'.repeat(81) }), false);
    assert.equal(
      accepts(filmsFilmsRow, {
        decade: 193,
        director_id: 1,
        facts: {},
        genre: 'drama',
        genres: null,
        id: '00000000-0000-0000-0000-000000000000',
        length: { minutes: 99, reels: null },
        mood: 'bad',
        'odd name': null,
        title: 'M',
        year: 1931,
      }),
      true,
    );
  });
});
