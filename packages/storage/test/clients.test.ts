/**
 * The clients that people have, each where it is installed: rclone, s3cmd, the AWS CLI, boto3 (a Python that has it, or
 * PEAKSTONE_TEST_PYTHON) and the AWS SDK for JavaScript (PEAKSTONE_TEST_AWS_SDK: a folder with it in node_modules).
 * PEAKSTONE_TEST_FILES says how many files rclone checks.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { rootKeys, startTestServer, type TestServer } from './support/server.ts';

const files = Number(process.env.PEAKSTONE_TEST_FILES ?? 300);
const python = process.env.PEAKSTONE_TEST_PYTHON ?? 'python3';
const sdkFolder = process.env.PEAKSTONE_TEST_AWS_SDK;

let server: TestServer;
let folder: string;
before(async () => {
  server = await startTestServer();
  folder = await mkdtemp(path.join(tmpdir(), 'peakstone-clients-'));
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function works(program: string, ...argv: string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: 'ignore' });
    return true;
  } catch {
    // Not there, or not able to: either way there is nothing to test with.
    return false;
  }
}
const without = (isThere: boolean, what: string) => ({ skip: !isThere && `there is no ${what} here` });

async function run(program: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { stdout } = await promisify(execFile)(program, [...argv], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      AWS_ACCESS_KEY_ID: rootKeys.accessKey,
      AWS_SECRET_ACCESS_KEY: rootKeys.secretKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function makeTree(name: string, count: number): Promise<string> {
  const root = path.join(folder, name);
  for (let i = 0; i < count; i++) {
    const file = path.join(root, `d${i % 37}`, `sub ${i % 5}`, `ü+${i}.bin`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, randomBytes((i * 37) % 3000));
  }
  return root;
}

describe('rclone', () => {
  it(
    `copies and checks a tree of ${files} files`,
    without(works('rclone', 'version'), 'rclone'),
    async () => {
      const tree = await makeTree('tree', files);
      await writeFile(path.join(tree, 'large.bin'), randomBytes(12 * 1024 * 1024));
      const env = {
        RCLONE_CONFIG: path.join(folder, 'rclone.conf'),
        RCLONE_CONFIG_OWN_TYPE: 's3',
        RCLONE_CONFIG_OWN_PROVIDER: 'Minio',
        RCLONE_CONFIG_OWN_ENV_AUTH: 'true',
        RCLONE_CONFIG_OWN_ENDPOINT: server.url,
        RCLONE_S3_UPLOAD_CUTOFF: '6Mi',
        RCLONE_S3_CHUNK_SIZE: '5Mi',
      };
      const rclone = (...argv: string[]) => run('rclone', argv, env);
      await rclone('mkdir', 'own:tree');
      await rclone('copy', '--transfers', '16', 'tree', 'own:tree');
      await rclone('check', '--checkers', '16', 'tree', 'own:tree');
      await rclone('check', '--download', '--checkers', '16', 'tree', 'own:tree');
      assert.match(await rclone('size', '--json', 'own:tree'), new RegExp(`"count":${files + 1},`));
      await rclone('purge', 'own:tree');
    },
  );
});

describe('s3cmd', () => {
  it('puts, lists, copies, signs and deletes', without(works('s3cmd', '--version'), 's3cmd'), async () => {
    const { host } = new URL(server.url);
    const config = path.join(folder, 's3cfg');
    await writeFile(
      config,
      `[default]\naccess_key = ${rootKeys.accessKey}\nsecret_key = ${rootKeys.secretKey}\nhost_base = ${host}\nhost_bucket = ${host}/%(bucket)\nuse_https = False\n`,
    );
    const s3cmd = (...argv: string[]) => run('s3cmd', ['-c', config, '--no-progress', ...argv]);
    await s3cmd('mb', 's3://cmd');
    await writeFile(path.join(folder, 'big.bin'), randomBytes(16 * 1024 * 1024));
    await s3cmd('put', '--multipart-chunk-size-mb=5', 'big.bin', 's3://cmd/a b/big+.bin');
    await s3cmd('cp', 's3://cmd/a b/big+.bin', 's3://cmd/copy.bin');
    await s3cmd('get', '--force', 's3://cmd/copy.bin', 'got.bin');
    assert.deepEqual(
      await readFile(path.join(folder, 'got.bin')),
      await readFile(path.join(folder, 'big.bin')),
    );
    await makeTree('few', 10);
    await s3cmd('sync', 'few/', 's3://cmd/few/');
    assert.equal((await s3cmd('ls', '-r', 's3://cmd/few/')).trim().split('\n').length, 10);
    assert.match(await s3cmd('info', 's3://cmd/copy.bin'), /File size: +16777216/);
    const url = (await s3cmd('signurl', 's3://cmd/copy.bin', '+600')).trim();
    assert.equal((await fetch(url)).status, 200);
    await s3cmd('del', '-r', '--force', 's3://cmd/');
    await s3cmd('rb', 's3://cmd');
  });
});

describe('the AWS CLI', () => {
  it('copies, syncs, presigns and removes', without(works('aws', '--version'), 'AWS CLI'), async () => {
    const aws = (...argv: string[]) => run('aws', ['--endpoint-url', server.url, ...argv]);
    await aws('s3', 'mb', 's3://cli');
    await writeFile(path.join(folder, 'cli.bin'), randomBytes(20 * 1024 * 1024));
    await aws('s3', 'cp', '--no-progress', 'cli.bin', 's3://cli/x/cli.bin');
    await aws('s3', 'cp', '--no-progress', 's3://cli/x/cli.bin', 'cli.back');
    assert.deepEqual(
      await readFile(path.join(folder, 'cli.back')),
      await readFile(path.join(folder, 'cli.bin')),
    );
    await makeTree('some', 12);
    await aws('s3', 'sync', '--no-progress', 'some', 's3://cli/some');
    assert.equal((await aws('s3', 'sync', '--no-progress', 'some', 's3://cli/some')).trim(), '');
    for (const algorithm of ['CRC32', 'SHA1', 'SHA256'])
      await aws(
        's3api',
        'put-object',
        '--bucket',
        'cli',
        '--key',
        algorithm,
        '--body',
        'cli.bin',
        '--checksum-algorithm',
        algorithm,
      );
    const url = (await aws('s3', 'presign', 's3://cli/x/cli.bin')).trim();
    assert.equal((await fetch(url)).status, 200);
    assert.equal(JSON.parse(await aws('sts', 'get-caller-identity')).Account, '000000000000');
    await aws('s3', 'rm', '--recursive', 's3://cli');
    await aws('s3', 'rb', 's3://cli');
  });
});

const script = `
import boto3, io, os, sys, hashlib
s3 = boto3.client('s3', endpoint_url=sys.argv[1])
s3.create_bucket(Bucket='boto')
body = os.urandom(20 * 1024 * 1024)
s3.upload_fileobj(io.BytesIO(body), 'boto', 'large')
out = io.BytesIO(); s3.download_fileobj('boto', 'large', out)
assert out.getvalue() == body
s3.put_object(Bucket='boto', Key='k/ü +%', Body=b'', Metadata={'annual': 'a  report'})
head = s3.head_object(Bucket='boto', Key='k/ü +%')
assert head['Metadata'] == {'annual': 'a  report'}, head
keys = [o['Key'] for p in s3.get_paginator('list_objects_v2').paginate(Bucket='boto', PaginationConfig={'PageSize': 1}) for o in p['Contents']]
assert keys == ['k/ü +%', 'large'], keys
import urllib.request
url = s3.generate_presigned_url('get_object', Params={'Bucket': 'boto', 'Key': 'large'})
assert urllib.request.urlopen(url).read() == body
post = s3.generate_presigned_post('boto', 'posted', ExpiresIn=600)
assert post['fields']
r = s3.delete_objects(Bucket='boto', Delete={'Objects': [{'Key': k} for k in keys]})
assert len(r['Deleted']) == 2 and 'Errors' not in r, r
s3.delete_bucket(Bucket='boto')
print('done')
`;

describe('boto3', () => {
  it(
    'uploads, lists, presigns and deletes',
    without(works(python, '-c', 'import boto3'), 'Python with boto3'),
    async () => {
      assert.equal((await run(python, ['-c', script, server.url])).trim(), 'done');
    },
  );
});

describe('the AWS SDK for JavaScript', () => {
  it(
    'sends buffers and streams with its checksums, and presigns',
    without(sdkFolder !== undefined, 'PEAKSTONE_TEST_AWS_SDK'),
    async () => {
      const load = createRequire(path.join(path.resolve(sdkFolder!), 'index.js'));
      const sdk = load('@aws-sdk/client-s3');
      const { Upload } = load('@aws-sdk/lib-storage');
      const { getSignedUrl } = load('@aws-sdk/s3-request-presigner');
      const client = new sdk.S3Client({
        endpoint: server.url,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: rootKeys.accessKey, secretAccessKey: rootKeys.secretKey },
      });
      const body = randomBytes(12 * 1024 * 1024);
      await client.send(new sdk.CreateBucketCommand({ Bucket: 'sdk' }));
      await client.send(new sdk.PutObjectCommand({ Bucket: 'sdk', Key: 'buffer', Body: body }));
      await client.send(
        new sdk.PutObjectCommand({
          Bucket: 'sdk',
          Key: 'stream',
          Body: Readable.from([body]),
          ContentLength: body.length,
        }),
      );
      const upload = new Upload({
        client,
        params: { Bucket: 'sdk', Key: 'upload', Body: Readable.from([body]) },
      });
      await upload.done();
      for (const Key of ['buffer', 'stream', 'upload']) {
        const got = await client.send(new sdk.GetObjectCommand({ Bucket: 'sdk', Key }));
        assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body, Key);
      }
      const put = await getSignedUrl(client, new sdk.PutObjectCommand({ Bucket: 'sdk', Key: 'presigned' }));
      assert.equal((await fetch(put, { method: 'PUT', body: 'presigned' })).status, 200);
      const listed = await client.send(new sdk.ListObjectsV2Command({ Bucket: 'sdk' }));
      assert.equal(listed.KeyCount, 4);
      const gone = await client.send(
        new sdk.DeleteObjectsCommand({
          Bucket: 'sdk',
          Delete: { Objects: listed.Contents.map(({ Key }: { Key: string }) => ({ Key })) },
        }),
      );
      assert.equal(gone.Deleted.length, 4);
      await assert.rejects(client.send(new sdk.GetObjectCommand({ Bucket: 'sdk', Key: 'buffer' })), {
        name: 'NoSuchKey',
      });
      client.destroy();
    },
  );
});
