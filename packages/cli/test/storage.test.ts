/** The commands of object storage, against a server of the test's own and a stack's. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { mainScript, Project, until } from './cli.ts';

const secret = 'a-secret-of-the-test';
let project: Project;
let server: ChildProcess;
let port: number;

before(async () => {
  port = await reservePorts();
  project = new Project({ MC_HOST_own: `http://minioadmin:${secret}@127.0.0.1:${port}` });
  server = spawn(
    process.execPath,
    [mainScript, 'storage', 'server', '--address', `127.0.0.1:${port}`, join(project.folder, 'data')],
    { env: { ...project.environment(), MINIO_ROOT_PASSWORD: secret }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await once(server.stderr!, 'data');
});
after(async () => {
  server.kill('SIGTERM');
  await once(server, 'close');
  rmSync(project.folder, { recursive: true });
});

const storage = (...argv: string[]) => project.run(['storage', ...argv]);
async function done(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await storage(...argv);
  assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
  return stdout;
}
const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('peakstone storage', () => {
  it('makes buckets, lists them, and removes the empty ones alone unless told otherwise', async () => {
    await done('mb', 'own:one', 'own:two');
    const again = await storage('mb', 'own:one');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /There is a bucket one already/);
    await done('mb', '-p', 'own:one');
    assert.match(await done('ls', 'own:'), /one\/\n.*two\/\n/);
    writeFileSync(join(project.folder, 'a.txt'), 'a');
    await done('cp', 'a.txt', 'own:one/');
    const full = await storage('rb', 'own:one');
    assert.equal(full.code, 1);
    assert.match(full.stderr, /not empty\.\nhint: {2}To remove it with all that it holds/);
    await done('rb', '--force', 'own:one');
    await done('rb', 'own:two');
    assert.equal(await done('ls', 'own:'), '');
  });

  it('copies a folder there and back, with names that no shell likes', async () => {
    await done('mb', 'own:tree');
    const names = ['a.css', 'deep/er/b c+d%.html', 'deep/ü😀.bin', 'deep/empty'];
    for (const name of names) {
      const file = join(project.folder, 'tree', name);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, name.endsWith('empty') ? '' : randomBytes(1000));
    }
    await done('cp', '-r', 'tree/', 'own:tree/x');
    const listed = linesOf(await done('ls', '-r', '--json', 'own:tree/x/')).map(({ name }) => name);
    assert.deepEqual(listed, names.map(name => `x/${name}`).sort());
    assert.match(await done('ls', 'own:tree/x/'), /^ {30,}deep\/\n.* 1000 B {2}a\.css\n$/);
    await done('cp', '-r', 'own:tree/x/', 'back');
    for (const name of names)
      assert.deepEqual(
        readFileSync(join(project.folder, 'back', name)),
        readFileSync(join(project.folder, 'tree', name)),
      );
    const stat = linesOf(await done('stat', '--json', 'own:tree/x/a.css'))[0]!;
    assert.equal(stat.contentType, 'text/css');
    const second = await storage('cp', '-rc', 'tree/', 'own:tree/x');
    assert.match(second.stderr, /0 copied, .*4 were there already/);
  });

  it('writes no file outside of the folder that was named, whatever keys say', async () => {
    await done('mb', 'own:evil');
    writeFileSync(join(project.folder, 'p.txt'), 'p');
    for (const key of ['../../escaped', '/abs', 'ok'])
      await done('cp', 'p.txt', `http://127.0.0.1:${port}/evil/${key}`.replace(/^http.*evil/, 'own:evil'));
    const { code, stderr } = await storage('cp', '-r', 'own:evil/', 'into/here');
    assert.equal(code, 1);
    assert.match(stderr, /evil\/\.\.\/\.\.\/escaped: as a file’s name it would lead out of the folder/);
    assert.deepEqual(readdirSync(join(project.folder, 'into', 'here')), ['ok']);
    assert.equal(existsSync(join(project.folder, 'escaped')), false);
    assert.equal(await done('cat', 'own:evil/../../escaped'), 'p');
  });

  it('sends large files in parts, and goes on where it was killed', async () => {
    await done('mb', 'own:large');
    const body = randomBytes(100 * 1024 * 1024);
    writeFileSync(join(project.folder, 'large.bin'), body);
    const child = project.start('storage', 'cp', '-c', 'large.bin', 'own:large/');
    const parts = async (): Promise<number> => {
      const { stdout } = await project.run(['storage', 'stat', '--json', 'own:large/large.bin']);
      return stdout === ''
        ? readdirSync(join(project.folder, 'data', 'blobs'), { recursive: true }).length
        : 999;
    };
    const before = await parts();
    await until(async () => (await parts()) > before + 1);
    child.kill('SIGKILL');
    await once(child, 'close');
    await done('cp', '-c', 'large.bin', 'own:large/');
    await done('cp', 'own:large/large.bin', 'back.bin');
    assert.equal(digestOf(readFileSync(join(project.folder, 'back.bin'))), digestOf(body));
    // Its beginning is there of another time: the rest is fetched.
    const etag = String(linesOf(await done('stat', '--json', 'own:large/large.bin'))[0]!.etag);
    writeFileSync(join(project.folder, `again.bin.${etag.slice(0, 8)}.part`), body.subarray(0, 1_000_000));
    await done('cp', '-c', 'own:large/large.bin', 'again.bin');
    assert.equal(digestOf(readFileSync(join(project.folder, 'again.bin'))), digestOf(body));
  });

  it('copies from bucket to bucket on the server, streams, and keeps what is said of an object', async () => {
    await done('mb', '--versioned', 'own:from');
    await done('mb', 'own:second');
    const put = await project.run(
      [
        'storage',
        'cp',
        '-',
        'own:from/s',
        '--attr',
        'Cache-Control=no-store',
        '--attr',
        'colour=red',
        '--tags',
        'a=1',
      ],
      'streamed',
    );
    assert.equal(put.code, 0, put.stderr);
    await done('cp', 'own:from/s', 'own:second/t');
    assert.equal(await done('cat', 'own:second/t'), 'streamed');
    assert.equal(await done('cp', 'own:second/t', '-'), 'streamed');
    const [told] = linesOf(await done('stat', '--json', 'own:second/t'));
    assert.deepEqual(told!.headers, { 'cache-control': 'no-store' });
    assert.deepEqual(told!.metadata, { colour: 'red' });
    await done('rm', 'own:from/s');
    assert.equal((await storage('cat', 'own:from/s')).code, 1);
    const versions = linesOf(await done('ls', '--versions', '--json', 'own:from'));
    assert.deepEqual(
      versions.map(({ kind, isLatest }) => [kind, isLatest]),
      [
        ['marker', true],
        ['object', false],
      ],
    );
    assert.equal(await done('cat', 'own:from/s', '--version-id', String(versions[1]!.versionId)), 'streamed');
    await done('rm', '--versions', 'own:from/s');
    assert.equal(await done('ls', '--versions', 'own:from'), '');
  });

  it('refuses what would delete more than was named, and says what would go', async () => {
    await done('mb', 'own:some');
    for (const key of ['a', 'ab', 'b']) await done('cp', 'a.txt', `own:some/${key}`);
    assert.equal((await storage('rm', '-r', 'own:some')).code, 2);
    assert.equal(await done('rm', '-r', '--dry-run', 'own:some/a'), 'some/a\nsome/ab\n');
    await done('rm', 'own:some/a');
    assert.deepEqual(
      linesOf(await done('ls', '--json', 'own:some')).map(({ name }) => name),
      ['ab', 'b'],
    );
  });

  it('makes users, says what they may, and gives them keys', async () => {
    const at = ['--at', 'own'] as const;
    await done('mb', 'own:people');
    const [secretKey] = (await done('users', 'add', 'alice', ...at)).split('\n');
    const asAlice = (...argv: string[]) =>
      project.run(['storage', ...argv], '', { MC_HOST_alice: `http://alice:${secretKey}@127.0.0.1:${port}` });
    assert.equal((await asAlice('cp', 'a.txt', 'alice:people/')).code, 1);
    writeFileSync(
      join(project.folder, 'people.json'),
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::people/*"]}]}',
    );
    await done('policies', 'create', 'people', 'people.json', ...at);
    await done('policies', 'attach', 'people', '--user', 'alice', ...at);
    assert.equal((await asAlice('cp', 'a.txt', 'alice:people/')).code, 0);
    assert.match(
      await done('users', 'list', ...at),
      /^USER +STATUS +POLICIES +GROUPS\nalice +enabled +people$/m,
    );
    assert.match(await done('policies', 'show', 'people', ...at), /arn:aws:s3:::people/);
    const key = linesOf(await done('keys', 'create', '--user', 'alice', '--name', 'ci', '--json', ...at))[0]!;
    const byKey = { MC_HOST_ci: `http://${key.accessKey}:${key.secretKey}@127.0.0.1:${port}` };
    assert.equal((await project.run(['storage', 'cat', 'ci:people/a.txt'], '', byKey)).stdout, 'a');
    await done('keys', 'remove', String(key.accessKey), ...at);
    assert.equal((await project.run(['storage', 'cat', 'ci:people/a.txt'], '', byKey)).code, 1);
    const own = await project.run(
      ['storage', 'users', 'add', 'bob', '--secret-stdin', ...at],
      'bobs-own-secret\n',
    );
    assert.deepEqual([own.code, own.stdout], [0, '']);
    await done('users', 'disable', 'alice', ...at);
    assert.equal((await asAlice('cat', 'alice:people/a.txt')).code, 1);
    await done('users', 'remove', 'alice', ...at);
    assert.equal((await storage('users', 'remove', 'alice', ...at)).code, 1);
  });

  it('takes no keys from the command line, shows none, and says what is missing', async () => {
    const inUrl = await storage('ls', `http://minioadmin:${secret}@127.0.0.1:${port}/`);
    assert.equal(inUrl.code, 2);
    assert.doesNotMatch(inUrl.stderr, new RegExp(secret));
    const none = await project.run(['storage', 'ls', `http://127.0.0.1:${port}/`], '', {
      HOME: project.folder,
    });
    assert.match(none.stderr, /There are no keys for/);
    const wrong = await project.run(['storage', 'ls', 'own:'], '', {
      MC_HOST_own: `http://minioadmin:another-secret@127.0.0.1:${port}`,
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /The secret key is not that of the access key/);
    const gone = await project.run(['storage', 'ls', 'gone:'], '', { HOME: project.folder });
    assert.match(gone.stderr, /There is no alias gone/);
    assert.equal((await project.run(['storage', 'ls'])).code, 3);
  });

  it('speaks to the running stack’s storage without being told anything', async () => {
    const stack = new Project();
    try {
      assert.equal(
        (await stack.run(['up', '--detach', '--port-base', String(await reservePorts(4))])).code,
        0,
      );
      writeFileSync(join(stack.folder, 'hello.txt'), 'hello');
      assert.equal((await stack.run(['storage', 'cp', 'hello.txt', 's3://uploads'])).code, 0);
      assert.equal((await stack.run(['storage', 'cat', 'uploads/hello.txt'])).stdout, 'hello');
      const from = { MC_HOST_own: project.env.MC_HOST_own! };
      const moved = await stack.run(['storage', 'migrate', 'own:tree', '--json'], '', from);
      assert.equal(moved.code, 0, moved.stderr);
      assert.equal(JSON.parse(moved.stdout).copied, 4);
      assert.match((await stack.run(['storage', 'ls', '-r', 'tree'])).stdout, /x\/a\.css/);
      assert.equal((await stack.run(['storage', 'migrate', '--at', 'own', 'own:'], '', from)).code, 2);
    } finally {
      await stack.close();
    }
  });
});
