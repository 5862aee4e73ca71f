/** The admin API as its clients use it: by its own wire format, and by mc itself where it is installed. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { seal, unseal } from '../src/admin/seal.ts';
import { type Answer, rootKeys, startTestServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

type Keys = typeof rootKeys;
interface AdminCall {
  readonly query?: string;
  /** Sealed with the caller's secret. */
  readonly sealed?: object;
  readonly body?: string;
  readonly keys?: Keys | null;
}

async function admin(method: string, what: string, { query, sealed, body, keys = rootKeys }: AdminCall = {}) {
  const bytes =
    sealed === undefined
      ? body
      : await seal((keys ?? rootKeys).secretKey, Buffer.from(JSON.stringify(sealed)));
  return await server.call({
    method,
    bucket: 'minio',
    key: `admin/v3/${what}`,
    keys,
    ...(query !== undefined && { query }),
    ...(bytes !== undefined && { body: bytes }),
  });
}
async function opened<T>(answer: Answer, secretKey = rootKeys.secretKey): Promise<T> {
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse((await unseal(secretKey, answer.body))!.toString()) as T;
}
const codeOf = (answer: Answer): string => (JSON.parse(answer.text) as { Code: string }).Code;
const addUser = (name: string, secretKey = `${name}-secret`) =>
  admin('PUT', 'add-user', { query: `accessKey=${name}`, sealed: { secretKey, status: 'enabled' } });
const keysOf = (name: string): Keys => ({ accessKey: name, secretKey: `${name}-secret` });

describe('an administrator', () => {
  it('makes users who may nothing until a policy says so, and switches them off', async () => {
    assert.equal((await addUser('alice')).status, 200);
    await server.call({ method: 'PUT', bucket: 'shared' });
    const reads = () => server.call({ bucket: 'shared', query: 'list-type=2', keys: keysOf('alice') });
    assert.equal((await reads()).status, 403);
    const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::shared"]}]}`;
    assert.equal(
      (await admin('PUT', 'add-canned-policy', { query: 'name=lister', body: policy })).status,
      200,
    );
    const attach = { sealed: { policies: ['lister'], user: 'alice' } };
    const attached = await admin('POST', 'idp/builtin/policy/attach', attach);
    assert.deepEqual((await opened<{ policiesAttached: string[] }>(attached)).policiesAttached, ['lister']);
    assert.equal((await reads()).status, 200);
    assert.equal(
      codeOf(await admin('POST', 'idp/builtin/policy/attach', attach)),
      'XMinioAdminPolicyChangeAlreadyApplied',
    );
    assert.equal(
      codeOf(await admin('DELETE', 'remove-canned-policy', { query: 'name=lister' })),
      'XMinioPolicyInUse',
    );
    await admin('PUT', 'set-user-status', { query: 'accessKey=alice&status=disabled' });
    assert.equal((await reads()).status, 403);
    const users = await opened<Record<string, { status: string; policyName: string }>>(
      await admin('GET', 'list-users'),
    );
    assert.equal(users.alice!.status, 'disabled');
    assert.equal(users.alice!.policyName, 'lister');
    assert.doesNotMatch(JSON.stringify(users), /alice-secret/);
    await admin('DELETE', 'remove-user', { query: 'accessKey=alice' });
    assert.equal(
      codeOf(await admin('GET', 'user-info', { query: 'accessKey=alice' })),
      'XMinioAdminNoSuchUser',
    );
  });

  it('gives rights to groups, and takes them with the group', async () => {
    await addUser('gus');
    const members = JSON.stringify({
      group: 'team',
      members: ['gus'],
      isRemove: false,
      groupStatus: 'enabled',
    });
    assert.equal((await admin('PUT', 'update-group-members', { body: members })).status, 200);
    await admin('POST', 'idp/builtin/policy/attach', { sealed: { policies: ['readwrite'], group: 'team' } });
    const lists = () => server.call({ bucket: 'shared', keys: keysOf('gus') });
    assert.equal((await lists()).status, 200);
    await admin('PUT', 'set-group-status', { query: 'group=team&status=disabled' });
    assert.equal((await lists()).status, 403);
    const full = JSON.stringify({ group: 'team', members: [], isRemove: true });
    assert.equal(
      codeOf(await admin('PUT', 'update-group-members', { body: full })),
      'XMinioAdminGroupNotEmpty',
    );
  });

  it('sets how much a bucket may hold, and more is refused', async () => {
    await server.call({ method: 'PUT', bucket: 'small' });
    await server.call({ method: 'PUT', bucket: 'small', key: 'a', body: 'x'.repeat(600) });
    await admin('PUT', 'set-bucket-quota', {
      query: 'bucket=small',
      body: '{"size":1000,"quotatype":"hard"}',
    });
    const put = () => server.call({ method: 'PUT', bucket: 'small', key: 'b', body: 'x'.repeat(600) });
    assert.match((await put()).text, /<Code>XMinioAdminBucketQuotaExceeded</);
    await server.call({ method: 'DELETE', bucket: 'small', key: 'a' });
    assert.equal((await put()).status, 200);
    const info = JSON.parse((await admin('GET', 'datausageinfo')).text);
    assert.equal(info.bucketsUsageInfo.small.size, 600);
    assert.equal(info.bucketsUsageInfo.small.objectsCount, 1);
  });

  it('is told what the server does, and what it has no part of', async () => {
    const info = JSON.parse((await admin('GET', 'info')).text);
    assert.equal(info.mode, 'online');
    assert.equal(info.servers[0].drives[0].state, 'ok');
    const heal = await admin('POST', 'heal/shared');
    assert.equal(heal.status, 501);
    assert.match(heal.text, /no other copy to heal from/);
    assert.equal(codeOf(await admin('GET', 'nothing-of-the-kind')), 'NotImplemented');
  });
});

describe('a user', () => {
  before(async () => {
    await addUser('uma');
    await admin('POST', 'idp/builtin/policy/attach', { sealed: { policies: ['readwrite'], user: 'uma' } });
  });

  it('administers nothing but itself', async () => {
    const keys = keysOf('uma');
    for (const [method, what, call] of [
      ['GET', 'list-users', {}],
      ['GET', 'info', {}],
      ['GET', 'user-info', { query: 'accessKey=gus' }],
      ['PUT', 'add-user', { query: 'accessKey=gus', sealed: { secretKey: 'taken-over' } }],
      ['PUT', 'add-user', { query: 'accessKey=minioadmin', sealed: { secretKey: 'taken-over' } }],
      ['POST', 'idp/builtin/policy/attach', { sealed: { policies: ['consoleAdmin'], user: 'uma' } }],
      ['PUT', 'add-service-account', { sealed: { targetUser: 'minioadmin' } }],
      ['PUT', 'add-service-account', { sealed: { targetUser: 'gus' } }],
    ] as const)
      assert.equal((await admin(method, what, { ...call, keys })).status, 403, `${method} ${what}`);
    assert.equal((await admin('GET', 'info', { keys: null })).status, 403);
    assert.equal((await admin('GET', 'user-info', { query: 'accessKey=uma', keys })).status, 200);
  });

  it('makes itself keys, with all its rights or fewer, and no key makes one with more', async () => {
    const keys = keysOf('uma');
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::*'] }],
    };
    const make = async (sealed: object, by: Keys = keys) => {
      const answer = await admin('PUT', 'add-service-account', { sealed, keys: by });
      return (await opened<{ credentials: Keys }>(answer, by.secretKey)).credentials;
    };
    const whole = await make({});
    assert.equal((await server.call({ bucket: 'shared', keys: whole })).status, 200);
    const narrow = await make({ policy, name: 'reader' });
    assert.equal((await server.call({ bucket: 'shared', keys: narrow })).status, 403);
    assert.equal((await admin('PUT', 'add-service-account', { sealed: {}, keys: narrow })).status, 403);
    // Nor does it give its user, or itself, another secret.
    for (const by of [narrow, whole]) {
      const taken = { query: 'accessKey=uma', sealed: { secretKey: 'taken-over-1' }, keys: by };
      assert.equal((await admin('PUT', 'add-user', taken)).status, 403);
    }
    const widen = {
      sealed: { newPolicy: { ...policy, Statement: [] } },
      query: `accessKey=${narrow.accessKey}`,
    };
    assert.equal((await admin('POST', 'update-service-account', { ...widen, keys: narrow })).status, 403);
    const switched = { sealed: { newStatus: 'off' }, query: `accessKey=${whole.accessKey}`, keys };
    assert.equal((await admin('POST', 'update-service-account', switched)).status, 204);
    assert.equal((await server.call({ bucket: 'shared', keys: whole })).status, 403);
    const { accounts } = await opened<{ accounts: { accessKey: string }[] }>(
      await admin('GET', 'list-service-accounts', { query: 'user=uma' }),
    );
    assert.equal(accounts.length, 2);
    assert.equal(
      (await admin('DELETE', 'delete-service-account', { query: `accessKey=${whole.accessKey}`, keys }))
        .status,
      204,
    );
  });
});

it('a body that is sealed with another key, or not at all, is refused in words', async () => {
  const other = await seal('another secret', Buffer.from('{"secretKey":"x"}'));
  for (const body of [other, Buffer.from('{}'), Buffer.alloc(100)]) {
    const answer = await server.call({
      method: 'PUT',
      bucket: 'minio',
      key: 'admin/v3/add-user',
      query: 'accessKey=mallory',
      body,
    });
    assert.equal(answer.status, 400);
    assert.equal(codeOf(answer), 'XMinioAdminInvalidArgument');
  }
});

it('metrics are for who has a token', async () => {
  const metrics = (authorization?: string) =>
    fetch(`${server.url}/minio/v2/metrics/cluster`, { headers: authorization ? { authorization } : {} });
  assert.equal((await metrics()).status, 403);
  assert.equal((await metrics('Bearer a.b.c')).status, 403);
  const { createHmac } = await import('node:crypto');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const sign = (head: object, exp: number, secret = rootKeys.secretKey): string => {
    const text = `${part(head)}.${part({ iss: 'prometheus', sub: rootKeys.accessKey, exp })}`;
    return `Bearer ${text}.${createHmac('sha512', secret).update(text).digest('base64url')}`;
  };
  const later = Math.floor(Date.now() / 1000) + 600;
  const good = await metrics(sign({ alg: 'HS512' }, later));
  assert.equal(good.status, 200);
  assert.match(await good.text(), /^minio_cluster_usage_object_total \d+$/m);
  for (const bad of [
    sign({ alg: 'none' }, later),
    sign({ alg: 'HS512' }, 1),
    sign({ alg: 'HS512' }, later, 'x'),
  ])
    assert.equal((await metrics(bad)).status, 403);
});

describe('mc', () => {
  const program = findMc();
  it('administers the server', {
    skip: program === undefined && 'there is no MinIO client (mc) on the PATH',
  }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peakstone-mc-'));
    try {
      const mc = async (...argv: string[]): Promise<string> => {
        const env = {
          PATH: process.env.PATH,
          HOME: folder,
          MC_HOST_own: server.url.replace('//', `//${rootKeys.accessKey}:${rootKeys.secretKey}@`),
        };
        const { stdout } = await promisify(execFile)(program!, ['--no-color', ...argv], { env });
        return stdout;
      };
      const file = path.join(folder, 'policy.json');
      await writeFile(
        file,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}',
      );
      await mc('admin', 'user', 'add', 'own', 'carol', 'carol-secret');
      await mc('admin', 'policy', 'create', 'own', 'everything', file);
      await mc('admin', 'policy', 'attach', 'own', 'everything', '--user', 'carol');
      assert.match(await mc('admin', 'policy', 'entities', 'own', '--user', 'carol'), /everything/);
      await mc('admin', 'group', 'add', 'own', 'crew', 'carol');
      assert.match(await mc('admin', 'group', 'info', 'own', 'crew'), /Members: carol/);
      await mc(
        'admin',
        'accesskey',
        'create',
        'own',
        'carol',
        '--access-key',
        'CAROLKEY',
        '--secret-key',
        'carol-key-1',
      );
      assert.match(await mc('admin', 'accesskey', 'info', 'own', 'CAROLKEY'), /Parent User: carol/);
      await mc('admin', 'accesskey', 'disable', 'own', 'CAROLKEY');
      await mc('admin', 'accesskey', 'rm', 'own', 'CAROLKEY');
      await mc('mb', 'own/bucket');
      await mc('quota', 'set', 'own/bucket', '--size', '1MiB');
      assert.match(await mc('quota', 'info', 'own/bucket'), /1\.0 MiB/);
      await mc('version', 'enable', 'own/bucket');
      await mc('cp', file, 'own/bucket/a/b.json');
      assert.match(await mc('ls', '-r', 'own/bucket'), /a\/b\.json/);
      assert.match(await mc('admin', 'info', 'own'), /Drives: 1\/1 OK/);
      assert.match(
        await mc('admin', 'prometheus', 'metrics', 'own', 'bucket'),
        /minio_bucket_usage_object_total/,
      );
      await mc('ready', 'own');
      await mc('admin', 'user', 'rm', 'own', 'carol');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Midnight Commander has the same name. */
function findMc(): string | undefined {
  for (const name of ['mc', 'mcli']) {
    try {
      if (
        /MinIO|RELEASE|DEVELOPMENT/.test(
          execFileSync(name, ['--version'], { encoding: 'utf8', stdio: 'pipe' }),
        )
      )
        return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}
