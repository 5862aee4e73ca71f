import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { mainScript, Project, until } from './cli.ts';

/** util-linux's, which gives a program a terminal; another system's takes other options. */
const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null'], { input: '' }).status === 0;

/** Those of a test that failed are still there after it. */
const terminals: Terminal[] = [];

/** `peakstone sql` at a terminal, as a person uses it. */
class Terminal {
  readonly #child: ChildProcess;
  #shown = '';

  constructor(project: Project, ...argv: string[]) {
    const words = [process.execPath, mainScript, 'sql', ...argv].map(word => `'${word}'`).join(' ');
    this.#child = spawn('script', ['-qec', `stty cols 100; exec ${words}`, '/dev/null'], {
      cwd: project.folder,
      env: {
        ...project.environment(),
        TERM: 'xterm',
        NO_COLOR: '1',
        PEAKSTONE_SQL_HISTORY: join(project.folder, 'history'),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
    });
    terminals.push(this);
  }

  /** From now on as over a slow line: a little at a time. */
  readSlowly(): void {
    const { stdout } = this.#child;
    stdout!.on('data', () => {
      stdout!.pause();
      setTimeout(() => stdout!.resume(), 20);
    });
  }

  /** How much it has shown, to look at what comes after. */
  get length(): number {
    return this.#shown.length;
  }

  press(key: string): void {
    this.#child.stdin!.write(key);
  }

  close(): void {
    this.#child.stdin!.destroy();
    this.#child.kill();
  }

  /** Types, and waits until what is shown from then on matches. */
  async type(text: string, expected: RegExp): Promise<string> {
    const before = this.#shown.length;
    this.#child.stdin!.write(text);
    return await this.see(expected, before);
  }

  async see(expected: RegExp, from = 0): Promise<string> {
    // Without what moves the cursor.
    const shown = (): string =>
      this.#shown
        .slice(from)
        .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
        .replaceAll('\r', '');
    try {
      await until(() => expected.test(shown()));
    } catch (error) {
      throw new Error(`It did not show ${expected} but: ${shown()}`, { cause: error });
    }
    return shown();
  }

  /** Waits for its end, after what was typed last. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }
}

describe('peakstone sql at a terminal', {
  skip: hasTerminals ? false : 'util-linux’s script is not there',
}, () => {
  const project = new Project();
  before(async () => {
    await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
    await project.run(
      ['sql'],
      'create table films (id int, film_title text); insert into films values (1, $$Alien$$)',
    );
  });
  after(async () => {
    for (const terminal of terminals) terminal.close();
    await project.close();
  });

  it('takes statements of several lines, completes names, remembers, and leaves', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('select film_title\n', /postgres-> $/);
    await terminal.type('from films;\n', / Alien\n\(1 row\)\n\npostgres=> $/);
    await terminal.type('select film_t\t', /film_title/);
    await terminal.type(' from fil\t', /films/);
    await terminal.type(';\n', / Alien\n\(1 row\)/);
    await terminal.type(`select 'a\n`, /postgres'> $/);
    await terminal.type(`b';\n`, /a *\+\n b/);
    await terminal.type('\\d films\n', /Table "public\.films"\n +Column /);
    await terminal.type('\\x\n', /One column a line is on\./);
    await terminal.type('select 1 as one;\n', /-\[ RECORD 1 \]\none \| 1/);
    await terminal.type('\\timing\n', /Timing is on/);
    await terminal.type('select 2;\n', /Time: \d/);
    await terminal.type('\\?\n', /\\copy t from/);
    await terminal.type('\\h create table\n', /sql-createtable\.html/);
    await terminal.type('\\gset\n', /\\gset is a command of psql/);
    await terminal.type('\\q\n', /$/);
    assert.equal(await terminal.ended(), 0);
    const file = join(project.folder, 'history');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^select film_title\u0001from films;\n/);
  });

  it('brings a statement of several lines back as one, in the session and in the next', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('select film_title\n', /postgres-> $/);
    await terminal.type(`  , 'again'\n`, /postgres-> $/);
    await terminal.type('from films;\n', /\(1 row\)\n\npostgres=> $/);
    await terminal.type('select 1;\n', /\(1 row\)\n\npostgres=> $/);
    await terminal.type('\u001b[A\u001b[A', /select film_title\n\| {3}, 'again'\n\| from films;/);
    await terminal.type('\n', / Alien +\| again\n\(1 row\)/);
    await terminal.type('\u0004', /$/);
    assert.equal(await terminal.ended(), 0);
    const next = new Terminal(project);
    await next.see(/postgres=> $/);
    await next.type('\u001b[A', /select film_title\n\| {3}, 'again'\n\| from films;/);
    await next.type('\n', / Alien +\| again\n\(1 row\)/);
    await next.type('\u0004', /$/);
    assert.equal(await next.ended(), 0);
  });

  it('keeps a transaction open, shows it, and goes on after an error', async () => {
    const terminal = new Terminal(project, '--superuser');
    await terminal.see(/postgres=# $/);
    await terminal.type('begin;\n', /postgres=\*# $/);
    await terminal.type(
      'select oops;\n',
      /column "oops" does not exist\nLINE 1: select oops\n +\^\npostgres=!# $/,
    );
    await terminal.type('rollback;\n', /postgres=# $/);
    await terminal.type('select 7;\n', / 7\n/);
    await terminal.type(`alter role web_anon password 'hidden';\n`, /ALTER ROLE/);
    await terminal.type('\u0004', /$/);
    assert.equal(await terminal.ended(), 0);
    assert.doesNotMatch(readFileSync(join(project.folder, 'history'), 'utf8'), /hidden/);
  });

  it('keeps what is typed while a statement runs, and goes on with it at its end', async () => {
    const holder = new Terminal(project);
    await holder.see(/postgres=> $/);
    await holder.type('select pg_advisory_lock(7);\n', /\(1 row\)\n\npostgres=> $/);
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('create table victim as select generate_series(1, 5) as id;\n', /postgres=> $/);
    await terminal.type('select pg_advisory_lock(7);\n', /pg_advisory_lock\(7\);\n/);
    await terminal.type('delete from victim', /delete from victim$/);
    const before = terminal.length;
    await holder.type('select pg_advisory_unlock(7);\n', /\(1 row\)/);
    await terminal.see(/\(1 row\)\n\npostgres=> delete from victim$/, before);
    await terminal.type(' where id = 1;\n', /DELETE 1\npostgres=> $/);
    await terminal.type('select count(*) as left from victim;\n', / left\n-+\n +4\n/);
    holder.close();
    terminal.close();
  });

  it('takes what is pasted as it is, also when its last line is not ended', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('select 1 as one;\nselect 2', /\(1 row\)\n\npostgres=> select 2$/);
    await terminal.type('22;\n', /\n +222\n/);
    // By notices, errors and a new connection in between.
    await terminal.type(
      `do $$ begin raise notice 'said'; end $$;\nselect oops;\n\\c\nselect 3`,
      /said[\s\S]*does not exist[\s\S]*Connected[\s\S]*postgres=> select 3$/,
    );
    await terminal.type('33;\n', /\n +333\n/);
    terminal.close();
  });

  it('asks before it shows very many names', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('select ', /select $/);
    const before = terminal.length;
    // What Tab does the first time cannot be seen, and two that come at once are text.
    const pressing = setInterval(() => terminal.press('\t'), 100);
    try {
      await terminal.see(/\n\d+ possibilities: Tab once more shows them\.\n[\s\S]*film_title/, before);
    } finally {
      clearInterval(pressing);
    }
    await terminal.type('1 as one;\n', / one\n/);
    await terminal.type('exit\n', /$/);
    assert.equal(await terminal.ended(), 0);
  });

  it('forgets what is begun behind a statement that fails', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('create table kept as select 1 as id;\n', /as id;\nSELECT 1\npostgres=> $/);
    await terminal.type(
      'select oops; delete from kept\n',
      /Not run, and forgotten: delete from kept\npostgres=> $/,
    );
    await terminal.type(';\n', /postgres=> $/);
    await terminal.type('select count(*) as left from kept;\n', / left\n-+\n +1\n/);
    terminal.close();
  });

  it('cancels the statement on Ctrl-C, or forgets the line, and stays', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('select pg_sleep(600);\n', /pg_sleep/);
    const looking = `select count(*)::int as n from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600)'`;
    const sleeping = async (): Promise<number> =>
      (
        JSON.parse((await project.run(['sql', '--json', '--superuser', looking])).stdout) as [{ n: number }]
      )[0].n;
    await until(async () => (await sleeping()) === 1);
    await terminal.type('\u0003', /canceling statement due to user request[\s\S]*postgres=> $/);
    assert.equal(await sleeping(), 0);
    await terminal.type('select 1 as lost,\n', /postgres-> $/);
    await terminal.type('2\u0003', /\^C\n[\s\S]*postgres=> $/);
    await terminal.type('select 3 as kept;\n', / kept\n-+\n +3\n/);
    await terminal.type('\\q\n', /$/);
    assert.equal(await terminal.ended(), 0);
  });

  it('throws away what is not shown yet on Ctrl-C, however much there is and however slow the reader', async () => {
    const terminal = new Terminal(project);
    await terminal.see(/=> $/);
    terminal.readSlowly();
    await terminal.type("select repeat('x', 90) from generate_series(1, 200000);\r", /x{90}/);
    const after = await terminal.type('\u0003', /\^C\n[\s\S]*=> $/);
    // The reader has a fraction of the 19 MB.
    assert.ok(after.length < 2_000_000, `${after.length} characters came after Ctrl-C`);
    await terminal.type('select 6 * 7 as answer;\r', /42/);
    await terminal.type('quit\r', /$/);
    assert.equal(await terminal.ended(), 0);
  });

  it('runs a file, edits one, and takes rows of a COPY', async () => {
    writeFileSync(join(project.folder, 'some.sql'), 'select 40 + 2 as answer;\n');
    const terminal = new Terminal(project);
    await terminal.see(/postgres=> $/);
    await terminal.type('\\i some.sql\n', /answer\n-+\n +42\n/);
    await terminal.type('create table typed (a int);\n', /CREATE TABLE/);
    await terminal.type('copy typed from stdin;\n', />> $/);
    await terminal.type('1\n2\n\\.\n', /COPY 2/);
    await terminal.type('\\c\n', /Connected to database "postgres"\.[\s\S]*postgres=> $/);
    await terminal.type('\\q\n', /$/);
    assert.equal(await terminal.ended(), 0);
  });

  it('shows what is in the data and would drive the terminal as escapes, in every format, and keeps it in a pipe', async () => {
    const data = 'select chr(27) || $$]0;title$$ || chr(155) || $$31mred$$ as it';
    const shown = {
      '--csv': /\\x1b\]0;title\\x9b31mred/,
      '--expanded': /\\x1b\]0;title\\x9b31mred/,
      '--json': /"\\u001b\]0;title\\u009b31mred"/,
    };
    for (const [format, expected] of Object.entries(shown)) {
      const terminal = new Terminal(project, format, data);
      assert.doesNotMatch(await terminal.see(expected), /[\u0007\u001b\u009b]/);
      await terminal.ended();
    }
    const copy = new Terminal(project, `copy (${data}) to stdout`);
    await copy.see(/\\x1b\]0;title\\x9b31mred/);
    const { stdout } = await project.run(['sql', '--csv', data]);
    assert.equal(stdout, 'it\n\u001b]0;title\u009b31mred\n');
  });

  it('asks nothing where there is no terminal', async () => {
    const { code, stderr } = await project.run(['sql', '--csv']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
  });
});
