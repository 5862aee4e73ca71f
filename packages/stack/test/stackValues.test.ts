import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { examine } from '../src/operate/doctor/index.ts';
import { signImageUrl } from '../src/operate/images.ts';
import { signStackToken, stackKeys } from '../src/operate/secrets.ts';
import { stackPaths } from '../src/project/paths.ts';
import { exposedSchemas } from '../src/run/exposedSchemas.ts';
import { stackValues } from '../src/run/stackValues.ts';

const JWT_SECRET = 'a'.repeat(16) + 'b'.repeat(16);
const root = mkdtempSync(join(tmpdir(), 'peakstone-values-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A project's folder with these files. */
function project(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(root, 'project-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return stackPaths(folder);
}

const config = (text: string) => ({ 'peakstone.config.mjs': `export default ${text};\n` });
const roleOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).role;

describe('the settings of a stack', () => {
  it('are those of the configuration for every command, so that the keys it prints are those that it takes', async () => {
    const paths = project({ ...config("{ supabase: 'off' }"), '.env': `JWT_SECRET=${JWT_SECRET}\n` });
    const keys = await stackKeys(paths, {});
    assert.deepEqual([keys.anon, keys.service].map(roleOf), ['web_anon', 'app_user']);
    assert.equal(roleOf(await signStackToken(paths, {}, { role: 'x' })), 'x');
    assert.equal(roleOf((await stackKeys(project({}), { JWT_SECRET })).anon), 'anon');
  });

  it('stand in the environment, else in .env, else in the configuration; an empty one hides nothing', async () => {
    const paths = project({
      ...config("{ supabase: 'off', schemas: ['shop', 'public'] }"),
      '.env': 'DATABASE_SUPABASE=\n',
    });
    const mode = async (env: Record<string, string>) => (await stackValues(paths, env)).DATABASE_SUPABASE;
    assert.equal(await mode({}), 'off');
    assert.equal(await mode({ DATABASE_SUPABASE: '' }), 'off');
    writeFileSync(paths.env, 'DATABASE_SUPABASE=roles\n');
    assert.equal(await mode({}), 'roles');
    assert.equal(await mode({ DATABASE_SUPABASE: 'full' }), 'full');
    assert.deepEqual(await exposedSchemas(paths, {}), ['shop', 'public']);
    assert.deepEqual(await exposedSchemas(paths, { DATABASE_SCHEMAS: 'a, b' }), ['a', 'b']);
    assert.deepEqual(await exposedSchemas(paths, { PGRST_DB_SCHEMAS: 'c', DATABASE_SCHEMAS: 'a' }), ['c']);
  });

  it('say by an empty base of pictures that there is none: sources are named whole', async () => {
    const { url, refused } = (await signImageUrl(
      project({
        '.env': `IMGPROXY_KEY_HEX=${'ab'.repeat(32)}\nIMGPROXY_SALT_HEX=${'cd'.repeat(16)}\nIMGPROXY_BASE_URL=\n`,
      }),
      {},
      { source: 'cat.jpg', options: 'w:300', plain: true },
    ))!;
    assert.match(url, /\/w:300\/plain\/cat\.jpg$/);
    assert.match(refused ?? '', /Source URL is not allowed: cat\.jpg/);
  });

  it('are the services of the configuration, in words that .env may overrule, with addresses as Compose reads them', async () => {
    const paths = project({
      ...config(
        `{ services: { graphql: false, images: null, storage: { engine: 'external', url: 'https://\${S3_HOST:-s3.example.com}/' } } }`,
      ),
    });
    const { PEAKSTONE_UPSTREAM_GRAPHQL, PEAKSTONE_UPSTREAM_IMAGES, PEAKSTONE_UPSTREAM_STORAGE } =
      await stackValues(paths, {});
    assert.deepEqual(
      [PEAKSTONE_UPSTREAM_GRAPHQL, PEAKSTONE_UPSTREAM_IMAGES, PEAKSTONE_UPSTREAM_STORAGE],
      ['off', undefined, 'https://s3.example.com/'],
    );
    const elsewhere = await stackValues(paths, { S3_HOST: 'other' });
    assert.equal(elsewhere.PEAKSTONE_UPSTREAM_STORAGE, 'https://other/');
    const own = await stackValues(paths, { PEAKSTONE_UPSTREAM_STORAGE: 'peakstone' });
    assert.equal(own.PEAKSTONE_UPSTREAM_STORAGE, 'peakstone');
  });

  it("are a Supabase project's where there is a supabase folder", async () => {
    const paths = project({});
    mkdirSync(join(paths.project, 'supabase'));
    assert.equal((await stackValues(paths, {})).DATABASE_SUPABASE, 'full');
  });

  it('are a finding of the doctor where the configuration cannot be read', async () => {
    const found = await examine(project(config('{ wrong: 1 }')), {});
    const [check, ...others] = found.filter(({ title }) => title === 'Configuration');
    assert.equal(check?.level, 'fail');
    assert.match(check?.found ?? '', /'wrong' is not a setting/);
    assert.deepEqual(others, []);
  });
});
