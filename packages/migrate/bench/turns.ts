/**
 * `ATLAS_BIN=… npm run bench -- migrate/turns [--rounds N] [--seed N]`
 *
 * Atlas and ours on the same folders: random migrations, edits and options, applied by Atlas alone, by ours alone, and by
 * both in turn. After each step the three databases must hold the same revisions and the same tables. Ends at the first
 * difference, with the seed that makes it again. Skipped where there is no Atlas.
 */
import { spawnSync } from 'node:child_process';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { parseConninfo } from '@peakstone/kernel/pg';
import { seededRandom } from '@peakstone/testing';
import { MigrateProject } from '../test/project.ts';

const { rounds = '20', seed = '1' } = parseArgs({
  options: { rounds: { type: 'string' }, seed: { type: 'string' } },
}).values;
const atlas = process.env.ATLAS_BIN;

async function main(program: string): Promise<void> {
  let steps = 0;
  let revisions = 0;
  const began = performance.now();
  for (let round = 0; round < Number(rounds); round++) {
    const played = await play(program, Number(seed) + round);
    steps += played.steps;
    revisions += played.revisions;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `${rounds} folders, ${steps} steps by three: the same ${revisions} revisions, and the same tables (${seconds} s)`,
  );
}

type Random = (below: number) => number;

/** One folder, some steps. */
async function play(
  program: string,
  at: number,
): Promise<{ readonly steps: number; readonly revisions: number }> {
  const next = seededRandom(at);
  const random: Random = below => Math.floor(next() * below);
  const sides = await Promise.all([0, 1, 2].map(() => MigrateProject.make({})));
  try {
    const script = new Script(random);
    const count = 3 + random(4);
    let revisions = 0;
    for (let step = 0; step < count; step++) {
      const change = script.change();
      const options = script.options();
      for (const [index, side] of sides.entries()) {
        await side.write(change);
        const byAtlas = index === 0 || (index === 2 && step % 2 === 0);
        if (byAtlas) applyByAtlas(program, side, options);
        else
          await side.apply({
            txMode: options.includes('none') ? 'none' : options.includes('all') ? 'all' : 'file',
            order: options.includes('non-linear')
              ? 'non-linear'
              : options.includes('linear-skip')
                ? 'linear-skip'
                : 'linear',
            amount: options.includes('1') ? 1 : null,
          });
      }
      const [theirs, ...ours] = await Promise.all(sides.map(stateOf));
      revisions = theirs!.rows.length;
      for (const [index, state] of ours.entries())
        if (!isDeepStrictEqual(state, theirs)) {
          console.log(
            `seed ${at}, step ${step + 1} (${options.join(' ') || 'no option'}), ${index === 0 ? 'ours' : 'in turn'}:`,
          );
          console.log(JSON.stringify({ files: script.files, theirs, ours: state }, null, 1));
          process.exit(1);
        }
    }
    return { steps: count, revisions };
  } finally {
    await Promise.all(sides.map(side => side.close()));
  }
}

function applyByAtlas(
  program: string,
  { folder, database }: MigrateProject,
  options: readonly string[],
): void {
  const { user, password = '', database: name, hosts } = parseConninfo(database.url);
  const { host, port } = hosts[0]!;
  const query = new URLSearchParams({ host, port: String(port), sslmode: 'disable' });
  const url = `postgres://${user}:${encodeURIComponent(password)}@/${name}?${query}`;
  const { error } = spawnSync(program, [
    'migrate',
    'apply',
    '--dir',
    `file://${folder}`,
    '-u',
    url,
    ...options,
  ]);
  if (error) throw error;
}

async function stateOf(project: MigrateProject): Promise<{
  readonly rows: readonly (readonly string[])[];
  readonly tables: readonly (readonly string[])[];
}> {
  const [[there] = []] = await project.query(
    `select to_regclass('atlas_schema_revisions.atlas_schema_revisions')`,
  );
  const rows =
    there === 'null'
      ? []
      : await project.query(`select version, description, type, applied, total, execution_time > 0, error, error_stmt, hash, partial_hashes
          from atlas_schema_revisions.atlas_schema_revisions order by version collate "C"`);
  const tables = await project.query(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
  );
  return { rows, tables };
}

/** What happens to a folder. */
class Script {
  readonly #random: Random;
  readonly files: Record<string, string> = {};
  #version = 100;
  #table = 0;
  /** The file that fails, if one does. */
  #bad: string | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Files that are added, or mended. */
  change(): Record<string, string> {
    const changed: Record<string, string> = {};
    if (this.#bad !== null && this.#random(3) > 0) {
      changed[this.#bad] = this.files[this.#bad]!.replaceAll(
        /select 1\/0|insert into nowhere values \(1\)/g,
        'select 1',
      );
      this.#bad = null;
    }
    for (let count = this.#random(4); count >= 0; count--) {
      const isLate = this.#random(8) === 0;
      this.#version += 10;
      const version = isLate ? this.#version - 15 : this.#version;
      const name = `${version}${this.#random(4) === 0 ? '' : `_step_${this.#random(100)}`}.sql`;
      if (this.files[name] !== undefined) continue;
      changed[name] = this.#text(name);
    }
    Object.assign(this.files, changed);
    return changed;
  }

  options(): readonly string[] {
    return [
      ...(this.#random(6) === 0 ? ['--tx-mode', this.#pick(['none', 'all', 'file'])] : []),
      ...(this.#random(3) === 0 ? ['--exec-order', this.#pick(['non-linear', 'linear-skip', 'linear'])] : []),
      ...(this.#random(6) === 0 ? ['1'] : []),
    ];
  }

  #text(name: string): string {
    const head = this.#random(5) === 0 ? '-- atlas:txmode none\n\n' : '';
    const statements = Array.from({ length: this.#random(6) }, () => this.#statement());
    if (this.#bad === null && this.#random(6) === 0) {
      statements.splice(
        this.#random(statements.length + 1),
        0,
        this.#pick(['select 1/0', 'insert into nowhere values (1)']),
      );
      this.#bad = name;
    }
    const between = (): string =>
      this.#pick([
        ';\n',
        '; ',
        ';\n\n',
        '\n;\n',
        ';\n-- between\n',
        ';\n/* block ; */\n',
        ';;\n',
        ' ; -- trailing; one\n',
      ]);
    const body = statements.map(text => `${text}${between()}`).join('');
    return `${head}${body}${this.#random(6) === 0 ? 'select 7' : ''}${this.#random(8) === 0 ? '-- no end' : ''}`;
  }

  #statement(): string {
    const table = `t${this.#table++}`;
    return this.#pick([
      `create table ${table} (id int primary key, t text default 'x;y''z')`,
      `create table ${table} (\n  id int, -- a; comment\n  /* another; */ n int\n)`,
      `create function f_${table}() returns int language plpgsql as $body$ begin return 1; end; $body$`,
      `create function f_${table}(x int) returns int language sql begin atomic select x; select x + 1; end`,
      `do $$ begin perform 1; raise notice 'a;b'; end $$`,
      `create table "${table};é漢🙂" (id int)`,
      `create table ${table} (id int);\ncreate index concurrently_${table} on ${table} (id)`,
      `create table ${table} as select 'begin ' as a, $x$;$x$ as b`,
      `comment on schema public is 'it''s ${table};'`,
      `create view v_${table} as\n\tselect 1 as "a;b"`,
    ]);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)]!;
  }
}

if (atlas === undefined) console.log('skipped: ATLAS_BIN names no Atlas (community edition)');
else await main(atlas);
