/** Dumps of databases whose schema and rows are changed meanwhile. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectClient } from '@peakstone/kernel/pg';
import { connect, until } from '@peakstone/testing';
import { dumpDatabase } from '@peakstone/transfer';
import { type DumpLab, dump, openDumpLab } from './dumpLab.ts';

describe('a dump beside those who change the database', () => {
  let lab: DumpLab;
  before(async () => {
    lab = await openDumpLab();
  });
  after(() => lab.close());
  const emptyDatabase = () => lab.emptyDatabase();
  const restored = (text: string) => lab.restored(text);

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
});
