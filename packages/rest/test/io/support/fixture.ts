/** A database with roles, a table and functions, made for one test file. */
import { createPool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase, WAIT_FOR_LOCK } from '@peakstone/testing';

export const jwtSecret = 'a secret of at least thirty-two bytes';

export interface Fixture extends TestDatabase {
  /** Role of requests without a token. */
  readonly anon: string;
  /** Role that alone may read `authors_only`. */
  readonly author: string;
}

/** `sql` sees `:anon`, `:author` and `:owner` replaced by the quoted role names. */
export async function restFixture(sql = ''): Promise<Fixture> {
  const database = await testDatabase();
  const anon = `${database.name}_anon`;
  const author = `${database.name}_author`;
  const admin = createPool({ url: database.superuserUrl, size: 1 });
  try {
    await admin.script(
      `${schema}\n${sql}`
        .replaceAll(':anon', anon)
        .replaceAll(':author', author)
        .replaceAll(':owner', database.name)
        .replaceAll(':database', database.name),
    );
  } finally {
    await admin.close();
  }
  return {
    ...database,
    anon,
    author,
    async drop() {
      const last = createPool({ url: database.superuserUrl, size: 1 });
      await last.script(`drop owned by ${anon}, ${author}; drop role ${anon}, ${author}`);
      await last.close();
      await database.drop();
    },
  };
}

const schema = `
create role :anon;
create role :author;
grant :anon, :author to :owner;
create table items (id int primary key, name text);
insert into items select n, 'item ' || n from generate_series(1, 5) n;
create table authors_only ();
create table restricted (id int);
grant select on items to :anon, :author;
grant select on authors_only to :author;
create function sleep(seconds double precision) returns void language sql volatile as 'select pg_sleep(seconds)';
-- Waits while a test holds the lock.
create function wait() returns void language sql volatile as '${WAIT_FOR_LOCK}';
create function setting(name text) returns text language sql stable as 'select current_setting(name, true)';
create function whoami() returns text language sql stable as 'select current_user::text';
create function die() returns void language sql volatile security definer as 'select pg_terminate_backend(pg_backend_pid())';
create function broken() returns void language plpgsql as $$ begin raise exception 'broken' using errcode = 'XX000'; end $$;
`;
