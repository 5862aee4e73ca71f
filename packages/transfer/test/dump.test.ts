import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectClient, PgError } from '@peakstone/kernel/pg';
import { Restriction, readScript } from '@peakstone/kernel/script';
import { connect, startTestServer, type TestServer, until } from '@peakstone/testing';
import { type DumpOptions, dumpDatabase, findPgDump, runPgDump, writeWholeFile } from '@peakstone/transfer';
import { fingerprint } from './fingerprint.ts';
import { fixture } from './support.ts';

const program = findPgDump({ PATH: process.env.PEAKSTONE_PG_BIN ?? process.env.PATH });

describe('a dump', () => {
  let server: TestServer;
  let folder: string;
  let databases = 0;
  before(async () => {
    server = await startTestServer({ durable: false });
    folder = mkdtempSync(join(tmpdir(), 'peakstone-dump-'));
    await restore(server.url, fixture('everything.sql'));
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const emptyDatabase = async (): Promise<string> => {
    const name = `copy_${++databases}`;
    const client = connect(server.url);
    await client.script(`create database ${name} template template0`);
    await client.close();
    return server.url.replace('/postgres?', `/${name}?`);
  };

  const dump = async (url: string, options: Partial<DumpOptions> = {}): Promise<string> => {
    const parts: Buffer[] = [];
    await dumpDatabase({
      url,
      write: async part => {
        parts.push(Buffer.from(part as Buffer));
      },
      restrictKey: 'known',
      ...options,
    });
    return Buffer.concat(parts).toString();
  };

  const restored = async (text: string, into?: string): Promise<string> => {
    const url = into ?? (await emptyDatabase());
    const file = join(folder, `${databases}.sql`);
    writeFileSync(file, text);
    await restore(url, file);
    return url;
  };

  it('of everything a database can hold comes back the same to the byte, from an empty database', async () => {
    const first = await dump(server.url);
    const copy = await restored(first);
    assert.equal(await dump(copy), first);
    assert.deepEqual(await fingerprint(copy), await fingerprint(server.url));
  });

  it('is what PostgreSQL’s own pg_dump writes of it, restored', {
    skip: program === null && 'no pg_dump of version 17 here',
  }, async () => {
    const copy = await restored(await dump(server.url));
    const real = async (url: string): Promise<string> => {
      const parts: Buffer[] = [];
      await runPgDump(program!, {
        url,
        restrictKey: 'known',
        write: async part => {
          parts.push(Buffer.from(part as Buffer));
        },
      });
      return Buffer.concat(parts).toString();
    };
    assert.equal(await real(copy), await real(server.url));
  });

  it('with --clean is restored over itself', async () => {
    const text = await dump(server.url, { clean: true });
    const copy = await restored(text);
    await restored(text, copy);
    assert.equal(await dump(copy), await dump(server.url));
  });

  it('of the schema alone has no rows, and of the rows nothing else; together they are the whole', async () => {
    const schema = await dump(server.url, { content: 'schema' });
    assert.doesNotMatch(schema, /^COPY|setval/m);
    const copy = await restored(schema);
    assert.doesNotMatch(await dump(server.url, { content: 'data' }), /^CREATE/m);
    const client = connect(copy);
    assert.deepEqual(await client.query('select count(*) from app.people'), [['0']]);
    await client.close();
  });

  it('of one table has what belongs to it, and nothing else', async () => {
    const text = await dump(server.url, { selection: { tables: ['app.people'] } });
    const made = [...text.matchAll(/^CREATE (?:CONSTRAINT )?(\w+)/gm)].map(match => match[1]);
    assert.deepEqual(
      new Set(made),
      new Set(['TABLE', 'SEQUENCE', 'INDEX', 'UNIQUE', 'STATISTICS', 'TRIGGER', 'POLICY']),
    );
    assert.doesNotMatch(text, /children/);
    await assert.rejects(
      dump(server.url, { selection: { tables: ['app.film'] } }),
      /^TransferError: There is no table 'app\.film'\.$/,
    );
    await assert.rejects(
      dump(server.url, { selection: { schemas: ['ap'] } }),
      /^TransferError: There is no schema 'ap'\.$/,
    );
  });

  it('of one schema leaves out the others', async () => {
    const text = await dump(server.url, { selection: { schemas: ['Odd*'] } });
    assert.deepEqual(
      [...text.matchAll(/^CREATE (?:TABLE|VIEW|SCHEMA) (\S+)/gm)].map(match => match[1]),
      ['"Odd', '"Odd', '"Odd'],
    );
  });

  it('says all that holds: what the other database gives by default on new things is not added', async () => {
    const source = await restored(`create schema app;
      create table app.secret (a text); create view app.shown as select 1 as one; create sequence app.s;
      create function app.f(a int, out b text) language sql as 'select $1::text'; create type app.mood as enum ('calm');
      create procedure app.p(inout x int) language sql as 'select $1'; revoke execute on procedure app.p from public;
      create role dump_guest; create role dump_clerk;
      grant select on app.shown to dump_clerk;\n`);
    const target = await restored(`alter default privileges grant all on tables to dump_guest, dump_clerk;
      alter default privileges grant all on sequences to dump_guest; alter default privileges grant all on functions to dump_guest;
      alter default privileges revoke execute on functions from public; alter default privileges grant usage on types to dump_guest;
      alter default privileges revoke usage on types from public; alter default privileges grant all on schemas to dump_guest;\n`);
    const text = await dump(source);
    await restored(text, target);
    const client = connect(target);
    const may =
      await client.query(`select r, has_table_privilege(r, 'app.secret', 'select'), has_table_privilege(r, 'app.shown', 'select'),
      has_function_privilege(r, 'app.f(int)', 'execute'), has_function_privilege(r, 'app.p(int)', 'execute'), has_schema_privilege(r, 'app', 'usage')
      from unnest(array['dump_guest', 'dump_clerk']) r order by 1`);
    await client.close();
    assert.deepEqual(may, [
      ['dump_clerk', 'f', 't', 't', 'f', 'f'],
      ['dump_guest', 'f', 'f', 't', 'f', 'f'],
    ]);
    const one = await dump(source, { selection: { tables: ['app.secret'] } });
    await restored('drop table app.secret;\n', target);
    await restored(one, target);
    const again = connect(target);
    assert.deepEqual(await again.query(`select has_table_privilege('dump_guest', 'app.secret', 'select')`), [
      ['f'],
    ]);
    await again.close();
  });

  it('says of each privilege who gave it, also where the list has them in no order in which they could be given', async () => {
    const source =
      await restored(`create role chain_owner; create role chain_a; create role chain_b; create role chain_c;
      create table public.held (id int); alter table public.held owner to chain_owner;
      grant select on public.held to chain_a with grant option;
      set session authorization chain_a; grant select on public.held to chain_c; reset session authorization;
      grant select on public.held to chain_b with grant option;
      set session authorization chain_b; grant select on public.held to chain_a with grant option; reset session authorization;
      revoke grant option for select on public.held from chain_a;\n`);
    const acl = async (url: string): Promise<(string | null)[][]> => {
      const client = connect(url);
      const rows = await client.query(
        "select unnest(relacl)::text from pg_class where relname = 'held' order by 1",
      );
      await client.close();
      return rows;
    };
    assert.deepEqual((await acl(source)).flat(), [
      'chain_a=r*/chain_b',
      'chain_a=r/chain_owner',
      'chain_b=r*/chain_owner',
      'chain_c=r/chain_a',
      'chain_owner=arwdDxtm/chain_owner',
    ]);
    assert.deepEqual(await acl(await restored(await dump(source))), await acl(source));
  });

  it('without owners and privileges says nothing of them', async () => {
    const text = await dump(server.url, { owners: false, privileges: false });
    assert.doesNotMatch(text, /^(?:GRANT|REVOKE|ALTER .* OWNER TO|ALTER DEFAULT)/m);
  });

  it('refuses a sequence that has become a view by the time it is read, and calls nothing of it', async () => {
    const url = await restored(
      `create sequence public.counter;
      create function public.evil() returns bigint language plpgsql as $$ begin raise 'evil was called'; end $$;\n`,
    );
    const attacker = await connectClient({ url });
    const watcher = connect(url);
    try {
      await attacker.script(
        'begin; drop sequence public.counter; create view public.counter as select public.evil() as last_value, true as is_called',
      );
      const dumped = assert.rejects(
        dump(url),
        /^PgError: access to non-system view "counter" is restricted$/,
      );
      await until(async () => {
        const [row] = await watcher.query('select count(*) from pg_locks where not granted');
        return row![0] !== '0';
      });
      await attacker.script('commit');
      await dumped;
    } finally {
      attacker.close();
      await watcher.close();
    }
  });

  it('is of one moment, whatever is written meanwhile', async () => {
    const url = await restored(
      'create table public.ledger (n int); insert into public.ledger values (1);\ncreate table public.zoo (n int);\n',
    );
    const writer = connect(url);
    let written = false;
    const parts: string[] = [];
    await dumpDatabase({
      url,
      write: async part => {
        parts.push(part.toString());
        if (written || !part.toString().includes('COPY public.ledger')) return;
        written = true;
        await writer.script('insert into public.ledger values (2); insert into public.zoo values (2)');
      },
    });
    await writer.close();
    assert.equal(written, true);
    assert.match(parts.join(''), /COPY public\.ledger \(n\) FROM stdin;\n1\n\\\.\n/);
    assert.match(parts.join(''), /COPY public\.zoo \(n\) FROM stdin;\n\\\.\n/);
  });

  it('cannot be made to hold commands by the names of what it holds', async () => {
    const url = await emptyDatabase();
    const client = connect(url);
    await client.script(
      'create table public."x\n\\! touch /tmp/owned\n" (id int); create role "evil\n\\! owned"; alter table public."x\n\\! touch /tmp/owned\n" owner to "evil\n\\! owned"',
    );
    await client.close();
    const text = await dump(url);
    assert.deepEqual(
      text
        .split('\n')
        .filter(line => line.startsWith('--') && line.includes('\\!') === false && /^\\!/.test(line)),
      [],
    );
    for (const comment of text.split('\n').filter(line => line.startsWith('-- Name')))
      assert.doesNotMatch(comment, /\n/);
    const copy = await restored(text);
    assert.equal(await dump(copy), text);
  });

  it('lets psql run nothing that the server it comes from says', async () => {
    const opening = /^--\n-- PostgreSQL database dump\n--\n\n\\restrict ([0-9a-f]{64})\n/;
    const texts = [
      await dump(server.url, { restrictKey: undefined as never }),
      await dump(server.url, { restrictKey: undefined as never, content: 'data' }),
    ];
    const keys = texts.map(text => opening.exec(text)?.[1]);
    for (const [index, text] of texts.entries()) {
      assert.ok(keys[index]);
      assert.ok(text.endsWith(`\n\\unrestrict ${keys[index]}\n\n`));
    }
    assert.notEqual(keys[0], keys[1]);
    // Nothing can run in a restore of what such a server could have written in the midst of it.
    await assert.rejects(
      restored(texts[0]!.replace('SET statement_timeout', '\\! touch /tmp/owned\nSET statement_timeout')),
      /\\! is a command of psql, where all are restricted/,
    );
  });

  it('by a pg_dump before 17.6 is restricted all the same, and what we add to it', async () => {
    for (const help of ['--restrict-key=KEY', '']) {
      const program = join(folder, 'pg_dump');
      writeFileSync(
        program,
        `#!/bin/sh\ncase "$*" in --help) echo "${help}";; *--restrict-key=known*) printf '%s\n' '\\restrict known' 'select 1;' '\\unrestrict known';; *) echo 'select 1;';; esac\n`,
        { mode: 0o755 },
      );
      const parts: string[] = [];
      await runPgDump(program, {
        url: server.url,
        restrictKey: 'known',
        write: async part => void parts.push(part.toString()),
      });
      const text = parts.join('');
      assert.match(text, /^\\restrict known\nselect 1;\n\\unrestrict known\n\\restrict known\n/);
      assert.match(text, /\n\\unrestrict known\n$/);
      assert.equal(text.match(/restrict known$/gm)?.length, 4);
    }
  });

  it('keeps the settings of a key’s index, and who may use a language', async () => {
    const url = await restored(`create schema app;
      create table app.filled (id int, code int, constraint filled_pk primary key (id) with (fillfactor=70), constraint filled_code unique (code) with (fillfactor=50) deferrable);
      revoke usage on language plpgsql from public;\n`);
    const copy = await restored(await dump(url));
    const client = connect(copy);
    assert.deepEqual(
      await client.query(
        `select relname, reloptions::text from pg_class where relname like 'filled_%' order by 1`,
      ),
      [
        ['filled_code', '{fillfactor=50}'],
        ['filled_pk', '{fillfactor=70}'],
      ],
    );
    assert.deepEqual(
      await client.query(
        `select 0 = any (select grantee from aclexplode(lanacl)) from pg_language where lanname = 'plpgsql'`,
      ),
      [['f']],
    );
    await client.close();
  });

  it('goes on while the schema is changed, and is of one moment', async () => {
    const url = await emptyDatabase();
    const busy = connect(url);
    let isDumped = false;
    const churn = (async () => {
      for (let n = 0; !isDumped; n++)
        await busy.script(`create table if not exists pair_${n % 3} (a int check (a > 0), b text default 'x');
          create view seen_${n % 3} as select a from pair_${n % 3}; insert into pair_${n % 3} values (1);
          drop view seen_${n % 3}; drop table pair_${n % 3}`);
    })();
    try {
      for (let n = 0; n < 10; n++) {
        const text = await dump(url).catch(error => {
          // Its one line, when nobody waits for it.
          assert.match(String(error), /^TransferError: What is dumped was changed or dropped meanwhile/);
          return null;
        });
        if (text !== null) await restored(text);
      }
    } finally {
      isDumped = true;
      await churn;
      await busy.close();
    }
  });

  it('holds no view of a newer schema than its tables, which no lock keeps still', async () => {
    const url = await restored(
      'create table public.old (a int); create view public.seen as select a from public.old; create sequence public.counter;\n',
    );
    const holder = await connectClient({ url });
    const changer = connect(url);
    try {
      // The dump has its snapshot, and waits.
      await holder.script('begin; drop sequence public.counter');
      const dumped = dump(url);
      await until(async () => {
        const [row] = await changer.query('select count(*) from pg_locks where not granted');
        return row![0] !== '0';
      });
      await changer.script(
        'create table public.newer (a int); create or replace view public.seen as select a from public.newer',
      );
      await holder.script('rollback');
      const text = await dumped;
      await restored(text);
      assert.match(text, /CREATE TABLE public\.newer/);
    } finally {
      holder.close();
      await changer.close();
    }
  });

  it('is refused where the labels of its values were renamed while it was written', async () => {
    const url = await restored(
      `create type public.mood as enum ('calm', 'cross'); create table public.days (mood public.mood); insert into public.days values ('calm');\n`,
    );
    const changer = connect(url);
    let isRenamed = false;
    await assert.rejects(
      dumpDatabase({
        url,
        async write(part) {
          if (isRenamed || !part.toString().includes('COPY public.days')) return;
          isRenamed = true;
          await changer.query(`alter type public.mood rename value 'calm' to 'quiet'`);
        },
      }),
      /What is dumped was changed or dropped meanwhile/,
    );
    await changer.close();
  });

  it('names what it cannot hold', async () => {
    const url = await restored('create schema other;\ncreate operator family other.strange using btree;\n');
    const report = await dumpDatabase({ url, write: async () => undefined });
    assert.deepEqual(report.omitted, [{ what: 'operator family other.strange', why: 'unsupported' }]);
  });

  it('is a file that only its owner may read, there whole or not at all', async () => {
    const file = join(folder, 'whole.sql');
    await writeWholeFile(file, write => dumpDatabase({ url: server.url, write }));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /dump complete\n--\n\n\\unrestrict [0-9a-f]{64}\n\n$/);
    const broken = join(folder, 'broken.sql');
    await assert.rejects(
      writeWholeFile(broken, async write => {
        await write('half');
        throw new Error('full');
      }),
      /full/,
    );
    assert.deepEqual(
      spawnSync('ls', [folder], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(name => name.includes('broken')),
      [],
    );
  });
});

/** Runs a script as psql would, to its end, and rejects with the first error. */
async function restore(url: string, file: string): Promise<void> {
  const client = await connectClient({ url });
  try {
    const restriction = new Restriction();
    for await (const piece of readScript(createReadStream(file), 'dump.sql')) {
      const allowed = restriction.take(piece);
      if (typeof allowed === 'object') throw new Error(`${allowed.command} ${allowed.why}`);
      if (allowed === 'done') continue;
      if (piece.rows) await client.script(piece.text, { copyIn: () => piece.rows!.parts });
      else
        await client.script(piece.text).catch(error => {
          if (error instanceof PgError)
            throw new Error(`${file}:${piece.line + 1}: ${error.message}`, { cause: error });
          throw error;
        });
    }
  } finally {
    client.close();
  }
}
