/** What every store keeps. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts, until } from '@peakstone/testing';
import {
  assertUsable,
  type BackupError,
  createKeyring,
  generateKey,
  openStore,
  parseKey,
  readLastTest,
  type Store,
  type StorePlace,
  testBackup,
  verifyBackups,
} from '../src/index.ts';
import { openLab } from './lab.ts';
import { credentials, TestS3 } from './testS3.ts';

const s3 = new TestS3();
let endpoint = '';
let folder = '';
before(async () => {
  endpoint = await s3.start();
  folder = mkdtempSync(path.join(tmpdir(), 'peakstone-stores-'));
});
after(() => {
  s3.stop();
  rmSync(folder, { recursive: true, force: true });
});

const bucket = (more: object = {}): StorePlace => ({
  ...{ kind: 's3', bucket: 'bucket', prefix: 'deep/er', endpoint, ...credentials },
  ...more,
});
const kinds: Readonly<Record<string, () => Store>> = {
  folder: () => openStore({ kind: 'folder', folder: path.join(folder, 'store') }),
  'bucket of S3': () => openStore(bucket()),
};

for (const [kind, open] of Object.entries(kinds)) {
  describe(`a ${kind}`, () => {
    it('gives back what was put, in place of what was there', async () => {
      const store = open();
      const bytes = randomBytes(300_000);
      assert.equal(await store.put('one/a.b-c_d', bytes), true);
      assert.deepEqual(await store.get('one/a.b-c_d'), bytes);
      assert.equal(await store.put('one/a.b-c_d', Buffer.from('x')), true);
      assert.equal(String(await store.get('one/a.b-c_d')), 'x');
      assert.equal(await store.get('one/nothing'), undefined);
      assert.equal(await store.get('one/a.b-c_d/below'), undefined);
    });

    it('lets one of many win who put where nothing may be', async () => {
      const store = open();
      const puts = Array.from({ length: 8 }, (_, at) =>
        store.put('raced', Buffer.from(String(at)), { ifAbsent: true }),
      );
      const won = (await Promise.all(puts)).map((stored, at) => (stored ? at : -1)).filter(at => at >= 0);
      assert.equal(won.length, 1);
      assert.equal(String(await store.get('raced')), String(won[0]));
    });

    it('lists by prefix and in order, however many there are, and names folders', async () => {
      const store = open();
      for (const key of ['list/b/2', 'list/a/1', 'list/b/10', 'list/c', 'list/bb', 'other/x'])
        await store.put(key, Buffer.from(key));
      assert.deepEqual(
        (await store.list('list/b')).map(({ key, bytes }) => [key, bytes]),
        [
          ['list/b/10', 9],
          ['list/b/2', 8],
          ['list/bb', 7],
        ],
      );
      assert.deepEqual(await store.list('nothing/'), []);
      assert.deepEqual(
        (await store.folders()).filter(name => ['list', 'other'].includes(name)),
        ['list', 'other'],
      );
    });

    it('removes, and minds nothing that is gone already', async () => {
      const store = open();
      await store.put('gone/a', Buffer.from('a'));
      await store.delete(['gone/a', 'gone/b']);
      assert.deepEqual(await store.list('gone/'), []);
    });

    it('is tried before it is taken, and keeps nothing of that', async () => {
      const store = open();
      await assertUsable(store);
      assert.deepEqual(await store.list('probe/'), []);
      const deaf: Store = { ...store, get: async () => undefined };
      await assert.rejects(assertUsable(deaf), (error: BackupError) => error.code === 'STORE');
    });

    it('takes no key that would lead elsewhere', async () => {
      for (const key of ['../x', 'a/../b', '/x', 'a//b', '', '.hidden', 'a b', 'ä'])
        await assert.rejects(open().put(key, Buffer.from('x')), RangeError, key);
    });
  });
}

const refusal = (code: string, message: RegExp, hint: RegExp) => (error: BackupError) => {
  assert.deepEqual(
    [error.code, message.test(error.message), hint.test(error.hint)],
    [code, true, true],
    `${error.message} ${error.hint}`,
  );
  return true;
};

describe('a folder', () => {
  it('and all in it is its owner’s alone', async () => {
    const store = kinds.folder!();
    await store.put('private/x', Buffer.from('x'));
    const root = path.join(folder, 'store');
    assert.equal(statSync(root).mode & 0o777, 0o700);
    assert.equal(statSync(path.join(root, 'private/x')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path.join(root, 'private')), ['x']);
  });

  it('in which others could put something is refused, as it will be a database', async () => {
    const open = path.join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const store = openStore({ kind: 'folder', folder: open });
    await assert.rejects(
      store.put('x', Buffer.from('x')),
      refusal('STORE', /open is not used, because/, /./),
    );
  });

  it('that is a file says so, and what a kill has left is not listed', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const store = openStore({ kind: 'folder', folder: path.join(folder, 'file') });
    await assert.rejects(
      store.put('x', Buffer.from('x')),
      refusal('STORE', /cannot be used/, /BACKUP_STORE/),
    );
    const kept = kinds.folder!();
    await kept.put('left/x', Buffer.from('x'));
    writeFileSync(path.join(folder, 'store/left/.unfinished-0123'), 'half');
    assert.deepEqual(
      (await kept.list('left/')).map(({ key }) => key),
      ['left/x'],
    );
  });
});

describe('a bucket of S3', () => {
  it('is asked again where the server was at fault, and knows its own object from another’s', async () => {
    const store = kinds['bucket of S3']!();
    s3.trouble.push(500, 503);
    assert.equal(await store.put('again', Buffer.from('x')), true);
    // Stored, and the answer lost: the second try finds it there.
    s3.trouble.push(599);
    assert.equal(await store.put('lost-answer', Buffer.from('mine'), { ifAbsent: true }), true);
    assert.equal(await store.put('lost-answer', Buffer.from('mine'), { ifAbsent: true }), false);
  });

  it('whose answers are cut off is asked for the rest of them', async () => {
    const store = kinds['bucket of S3']!();
    const bytes = randomBytes(300_000);
    await store.put('cut', bytes);
    const before = s3.sent;
    s3.cuts.push(200_000, 50_000);
    assert.deepEqual(await store.get('cut'), bytes);
    // Of what was on its way when the connection ended some is lost, but not all.
    assert.ok(s3.sent - before < 2 * bytes.length, String(s3.sent - before));
    s3.cuts.push(10, 20);
    assert.deepEqual(
      (await store.list('cut')).map(({ key }) => key),
      ['cut'],
    );
  });

  it('whose object was replaced in the middle gives one of the two whole', async () => {
    const store = kinds['bucket of S3']!();
    await store.put('replaced', randomBytes(300_000));
    const other = randomBytes(200_000);
    const key = [...s3.objects.keys()].find(name => name.endsWith('replaced'))!;
    s3.cuts.push(100_000);
    const got = store.get('replaced');
    await until(async () => s3.cuts.length === 0);
    s3.objects.set(key, other);
    assert.deepEqual(await got, other);
  });

  it('whose lists are answered by something else, or cut, is asked again: no page is taken for an empty bucket', async () => {
    const store = kinds['bucket of S3']!();
    for (const name of ['paged/a', 'paged/b', 'paged/c']) await store.put(name, Buffer.from('x'));
    const names = async () => (await store.list('paged/')).map(({ key }) => key);
    const begin = '<?xml version="1.0"?><ListBucketResult>';
    const wrong = [
      '<html><body>Service is being maintained</body></html>',
      '',
      '{}',
      `${begin}<IsTruncated>false</IsTruncated><Contents><Key>`,
      `${begin}</ListBucketResult>`,
      `${begin}<IsTruncated>true</IsTruncated></ListBucketResult>`,
      `${begin}<IsTruncated>true</IsTruncated><NextContinuationToken></NextContinuationToken></ListBucketResult>`,
    ];
    for (const body of wrong) {
      s3.pages.push({ of: 'list-type', status: 200, body, type: 'application/xml' });
      assert.deepEqual(await names(), ['paged/a', 'paged/b', 'paged/c'], body);
    }
    // For as long as it does so, it is a fault of the store's.
    s3.pages.push(...Array.from({ length: 5 }, () => ({ of: 'list-type', status: 200, body: wrong[0]! })));
    await assert.rejects(names(), refusal('STORE', /not of S3’s protocol \(200, text\/html\)/, /proxy/));
  });

  it('is not believed that an object is not there, or stored, by what is no word of S3’s', async () => {
    const store = kinds['bucket of S3']!();
    await store.put('believed', Buffer.from('x'));
    const page = { status: 404, body: '<html>Not Found</html>' };
    s3.pages.push({ of: '/believed', ...page });
    assert.equal(String(await store.get('believed')), 'x');
    s3.pages.push(...Array.from({ length: 5 }, () => ({ of: '/believed', ...page })));
    await assert.rejects(store.get('believed'), refusal('STORE', /not of S3’s protocol \(404/, /proxy/));
    s3.pages.push({ of: '/believed', status: 200, body: '<html>not now</html>' });
    assert.equal(String(await store.get('believed')), 'x');
    s3.pages.push({ of: '/stored', status: 200, body: '<html>not now</html>' });
    assert.equal(await store.put('stored', Buffer.from('y')), true);
    assert.equal(String(await store.get('stored')), 'y');
    s3.pages.push({ of: '/stored', status: 404, body: '<html>not now</html>' });
    await store.delete(['stored']);
    assert.equal(await store.get('stored'), undefined);
  });

  it('that never sends all of an object says so', async () => {
    const store = kinds['bucket of S3']!();
    await store.put('never', randomBytes(1000));
    s3.cuts.push(10, 10, 10, 10, 10);
    await assert.rejects(store.get('never'), refusal('STORE', /sends is cut off/, /the network/));
  });

  it('that refuses says what to look at, in a line, without the secret', async () => {
    const cases: readonly (readonly [object, RegExp, RegExp])[] = [
      [{ secretKey: 'wrong' }, /403 SignatureDoesNotMatch\): No & never\.$/, /BACKUP_S3_SECRET_KEY/],
      [{ bucket: 'absent' }, /404 NoSuchBucket/, /Make the bucket/],
    ];
    for (const [more, message, hint] of cases) {
      await assert.rejects(openStore(bucket(more)).list(''), refusal('STORE', message, hint));
      await assert.rejects(openStore(bucket(more)).get('x'), refusal('STORE', message, hint));
    }
  });

  it('that cannot be reached is tried for a while, then told', async () => {
    const store = openStore(bucket({ endpoint: `http://127.0.0.1:${await reservePorts()}` }));
    await assert.rejects(
      store.get('x'),
      refusal('STORE', /Bucket bucket at http:\/\/127\.0\.0\.1:\d+ cannot be reached/, /ENDPOINT/),
    );
  });
});

describe('a backup in a bucket', () => {
  it('is encrypted before it leaves, received beside, looked at, and comes back', async () => {
    const key = parseKey(generateKey())!;
    const lab = await openLab({
      keys: createKeyring([key], true),
      store: () => openStore(bucket({ prefix: 'app' })),
    });
    try {
      await lab.sql.script(`insert into ledger values (1, 'a note that nobody else reads')`);
      await lab.backUp();
      const receiving = await lab.receive();
      await lab.sql.script(`insert into ledger values (2, 'a note that nobody else reads')`);
      await receiving.caughtUp();
      await receiving.stop();
      const stored = [...s3.objects].filter(([name]) => name.startsWith('app/'));
      assert.ok(stored.length > 5);
      for (const [name, bytes] of stored) assert.ok(!bytes.includes('a note that'), name);
      const { signal } = new AbortController();
      const found = await verifyBackups(await lab.vault(), { deep: true, onEvent: () => undefined, signal });
      assert.deepEqual([found.backups.flatMap(({ problems }) => problems), found.walProblems], [[], []]);
      assert.deepEqual((await lab.restore({}, 'select id from ledger order by id')).rows, ['1', '2']);
      // That the store cannot be read is no test of a backup, neither a good one nor a bad one.
      const vault = await lab.vault();
      s3.cutIn = 'base/';
      s3.cuts.push(...Array.from({ length: 100 }, () => 1));
      const { writer, start, owner } = lab;
      const scratch = path.join(lab.folder, 'tried');
      await assert.rejects(
        testBackup({ vault, writer, start, owner, scratch, onEvent: () => undefined, signal }),
        refusal('STORE', /cut off/, /./),
      );
      s3.cuts.length = 0;
      assert.equal(await readLastTest(vault), undefined);
      assert.equal(existsSync(scratch), false);
    } finally {
      await lab.close();
    }
  });
});
