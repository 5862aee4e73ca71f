import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionError } from '../errors.ts';
import { parseConninfo, withLogin } from './conninfo.ts';

describe('reading a connection string', () => {
  it('takes a URI apart and decodes its parts', () => {
    const info = parseConninfo(
      'postgresql://us%40er:p%3Aw%2F%3F@db.example:6543/my%20db?sslmode=verify-full&application_name=a%26b&options=-c%20x%3D1',
      {},
    );
    assert.deepEqual(info.hosts, [{ host: 'db.example', port: 6543 }]);
    assert.equal(info.user, 'us@er');
    assert.equal(info.password, 'p:w/?');
    assert.equal(info.database, 'my db');
    assert.equal(info.sslmode, 'verify-full');
    assert.deepEqual(info.parameters, { application_name: 'a&b', options: '-c x=1' });
  });

  it('takes unix sockets, IPv6 and several hosts', () => {
    assert.deepEqual(parseConninfo('postgres://u@/db?host=/run/pg&port=5433', {}).hosts, [
      { host: '/run/pg', port: 5433 },
    ]);
    assert.deepEqual(parseConninfo('postgres://u@%2Frun%2Fpg/db', {}).hosts, [
      { host: '/run/pg', port: 5432 },
    ]);
    assert.deepEqual(
      parseConninfo('postgres://u@[::1]:5433,b/db?target_session_attrs=read-write', {}).hosts,
      [
        { host: '::1', port: 5433 },
        { host: 'b', port: 5432 },
      ],
    );
    assert.deepEqual(parseConninfo('host=a,b port=1,2', {}).hosts, [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]);
  });

  it('takes keywords with quotes and backslashes', () => {
    const info = parseConninfo(
      String.raw`host = h dbname='it\'s \\ here' user=a\ b password=''  connect_timeout=3`,
      {},
    );
    assert.equal(info.database, String.raw`it's \ here`);
    assert.equal(info.user, 'a b');
    assert.equal(info.password, undefined);
    assert.equal(info.connectTimeoutMs, 3000);
  });

  it('falls back to the PG* environment, then to defaults', () => {
    const env = { PGHOST: 'e', PGPORT: '7', PGUSER: 'u', PGPASSWORD: 'p', PGSSLMODE: 'disable' };
    const info = parseConninfo('', env);
    assert.deepEqual(info.hosts, [{ host: 'e', port: 7 }]);
    assert.equal(info.database, 'u');
    assert.equal(info.password, 'p');
    assert.equal(info.sslmode, 'disable');
    assert.equal(parseConninfo('postgres://other@h/d', env).user, 'other');
    assert.deepEqual(parseConninfo('user=u', {}).hosts, [{ host: 'localhost', port: 5432 }]);
    assert.equal(parseConninfo('user=u sslrootcert=system', {}).sslmode, 'verify-full');
  });

  it('takes a password that was pasted in raw, whatever it holds but a percent sign', () => {
    for (const password of ['a/b', 'a@b', 'a:b', 'a?b', 'a#b', 'a?b@c/d:e', 'a&b=c', "a'b"]) {
      const uri = `postgres://us:${password}@host:6543/db?sslmode=disable&application_name=x@y`;
      const { user, password: read, database, hosts, sslmode } = parseConninfo(uri, {});
      assert.deepEqual(
        [user, read, database, hosts, sslmode],
        ['us', password, 'db', [{ host: 'host', port: 6543 }], 'disable'],
      );
    }
  });

  it('gets another login, encoded, whatever the old one was', () => {
    for (const old of ['', 'u@', 'u:p/w@', 'u:p?@x#y@']) {
      const uri = withLogin(
        `postgres://${old}a:1,b:2/db?sslmode=disable&user=x&password=y`,
        'n@me',
        'p/@:%#?',
      );
      assert.equal(uri, 'postgres://n%40me:p%2F%40%3A%25%23%3F@a:1,b:2/db?sslmode=disable');
      assert.equal(parseConninfo(uri, {}).password, 'p/@:%#?');
    }
    assert.equal(withLogin('postgresql://u:p@/db?host=/run/pg', 'v'), 'postgresql://v@/db?host=/run/pg');
    assert.throws(() => withLogin('host=x password=secret', 'u'), ConnectionError);
  });

  it('says what is wrong without repeating the secret', () => {
    for (const [text, word] of [
      ['postgres://u:s3cret@h:99999/d', 'port'],
      ['postgres://u:s3cret@h/d?sslmode=maybe', 'sslmode'],
      ['postgres://u:s3cret@h/d?target_session_attrs=x', 'target_session_attrs'],
      ['postgres://u:s3cret%zz@h/d', 'percent'],
      ['postgres://u:s3cret@h/d?connect_timeout=x', 'connect_timeout'],
      ['password=s3cret whatever', 'keyword=value'],
      ['password=s3cret host=a,b port=1,2,3', 'port'],
    ] as const) {
      assert.throws(
        () => parseConninfo(text, {}),
        (error: unknown) =>
          error instanceof ConnectionError &&
          error.message.includes(word) &&
          !error.message.includes('s3cret'),
        text,
      );
    }
  });
});
