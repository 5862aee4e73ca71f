import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { ensureSecrets, rotateSecrets, signApiKeys } from '../src/index.ts';
import { spawnNode } from './support.ts';
import { variables } from './variables.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-secrets-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const newFile = (text?: string) => {
  const file = path.join(folder, `${++count}.env`);
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
  return file;
};
const modeOf = (file: string) => statSync(file).mode & 0o777;

describe('the first start', () => {
  it('makes a private file with every secret strong and different', () => {
    const file = newFile();
    const { values, created } = ensureSecrets(file, { variables });
    assert.equal(created, true);
    assert.equal(modeOf(file), 0o600);
    const secrets = variables.filter(variable => variable.generate).map(({ name }) => values[name] ?? '');
    assert.equal(new Set(secrets).size, secrets.length);
    assert.match(values.JWT_SECRET ?? '', /^[0-9a-f]{64}$/);
    assert.match(values.IMGPROXY_SALT_HEX ?? '', /^[0-9a-f]{32}$/);
    assert.match(values.POSTGRES_SUPERPASS ?? '', /^[A-Za-z0-9_-]{32}$/);
  });

  it('writes the table in its order, with headings and comments, and defaults commented out', () => {
    const file = newFile();
    ensureSecrets(file, { variables });
    assert.match(
      readFileSync(file, 'utf8'),
      /^# .*\n\n# --- PostgreSQL ---\nPOSTGRES_DB=postgres\n.*\n.*\n# Or the next one.\n# POSTGRES_PORT=5432\nTZ=UTC\n\n# --- Roles ---\n/,
    );
  });

  it('follows no link that waits beside it, under any name that could be foreseen', () => {
    const place = mkdtempSync(path.join(folder, 'planted-'));
    const victim = path.join(place, 'victim');
    writeFileSync(victim, 'kept');
    const file = path.join(place, '.env');
    for (const name of [
      `.env.${process.pid}.tmp`,
      `.env.${process.pid}.new`,
      `.env.${process.pid}.new.${process.pid}.tmp`,
    ])
      symlinkSync(victim, path.join(place, name));
    assert.equal(ensureSecrets(file, { variables }).created, true);
    writeFileSync(file, 'JWT_SECRET=\n', { mode: 0o600 });
    assert.ok(ensureSecrets(file, { variables }).added.includes('JWT_SECRET'));
    assert.equal(readFileSync(victim, 'utf8'), 'kept');
  });

  it('made by several processes at once gives them all the same secrets', async () => {
    const file = newFile();
    const code = `import { ensureSecrets } from '${path.resolve(import.meta.dirname, '../src/index.ts')}';
      import { variables } from '${path.resolve(import.meta.dirname, 'variables.ts')}';
      console.log(ensureSecrets(${JSON.stringify(file)}, { variables }).values.JWT_SECRET);`;
    const runs = await Promise.all(
      [1, 2, 3, 4].map(() => spawnNode(['--input-type=module-typescript', '-e', code]).finished),
    );
    assert.deepEqual(new Set(runs.map(run => run.output.trim())).size, 1);
    assert.match(runs[0]?.output ?? '', /^[0-9a-f]{64}\n$/);
  });
});

describe('later starts', () => {
  it('leave the file byte for byte as it is', () => {
    const file = newFile();
    ensureSecrets(file, { variables });
    const before = readFileSync(file, 'utf8');
    assert.deepEqual(ensureSecrets(file, { variables }).added, []);
    assert.equal(readFileSync(file, 'utf8'), before);
  });

  it('keep what the user set, and add or fill only what is missing', () => {
    const file = newFile('# mine\nJWT_SECRET=kept\nPOSTGRES_SUPERPASS=\nHASURA_CORS=\nOWN=1');
    const { values, added } = ensureSecrets(file, { variables });
    assert.equal(values.JWT_SECRET, 'kept');
    assert.equal(values.OWN, '1');
    assert.equal(values.HASURA_CORS, '');
    assert.ok((values.POSTGRES_SUPERPASS ?? '').length >= 24);
    assert.ok(added.includes('POSTGRES_SUPERPASS') && added.includes('HASURA_DB_PASSWORD'));
    assert.match(
      readFileSync(file, 'utf8'),
      /^# mine\nJWT_SECRET=kept\nPOSTGRES_SUPERPASS=.{24,}\nHASURA_CORS=\nOWN=1\n/,
    );
    assert.deepEqual(ensureSecrets(file, { variables }).added, []);
  });

  it('close a file that others can read, and say so', () => {
    const file = newFile('JWT_SECRET=kept\n');
    chmodSync(file, 0o644);
    const notices: string[] = [];
    ensureSecrets(file, { variables, notice: text => notices.push(text) });
    assert.equal(modeOf(file), 0o600);
    assert.match(notices.join(), /could be read by others \(mode 644\)/);
  });
});

describe('a place where no secrets file can be', () => {
  it('is named: a folder, or a link that leads nowhere', () => {
    const taken = newFile();
    mkdirSync(taken, { mode: 0o755 });
    assert.throws(() => ensureSecrets(taken, { variables }), {
      code: 'NOT_A_FILE',
      message: /is not a file/,
    });
    assert.equal(modeOf(taken), 0o755);
    const link = newFile();
    symlinkSync('/nowhere/.env', link);
    assert.throws(() => ensureSecrets(link, { variables }), {
      code: 'NOT_A_FILE',
      message: /a link to \/nowhere\/\.env/,
    });
  });
});

describe('a rotation without a running database', () => {
  it('changes the secrets named and nothing else', async () => {
    const file = newFile();
    const before = ensureSecrets(file, { variables }).values;
    const { rotated, roles } = await rotateSecrets(file, {
      variables,
      names: ['JWT_SECRET', 'HASURA_DB_PASSWORD'],
    });
    assert.deepEqual([rotated, roles], [['HASURA_DB_PASSWORD', 'JWT_SECRET'], ['hasura']]);
    const after = ensureSecrets(file, { variables }).values;
    const changed = Object.keys(after).filter(name => after[name] !== before[name]);
    assert.deepEqual(changed, ['HASURA_DB_PASSWORD', 'JWT_SECRET']);
    assert.equal(modeOf(file), 0o600);
  });

  it('refuses what is no secret', async () => {
    await assert.rejects(rotateSecrets(newFile(''), { variables, names: ['TZ'] }), /JWT_SECRET/);
  });

  it('that was killed half-way is finished by the next start', () => {
    const file = newFile('JWT_SECRET=old\n');
    writeFileSync(`${file}.rotating`, 'JWT_SECRET=new\n', { mode: 0o600 });
    assert.equal(ensureSecrets(file, { variables }).values.JWT_SECRET, 'new');
    assert.throws(() => statSync(`${file}.rotating`), { code: 'ENOENT' });
  });
});

describe('API keys', () => {
  it('ask for their roles and are signed with the secret', () => {
    const keys = signApiKeys({ secret: 'x'.repeat(64), issuedAt: 1_700_000_000 });
    const claims = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    assert.deepEqual(claims(keys.anon), {
      role: 'anon',
      iss: 'peakstone',
      iat: 1_700_000_000,
      exp: 2_015_360_000,
    });
    assert.equal(claims(keys.service).role, 'service_role');
    const other = signApiKeys({ secret: 'y'.repeat(64), issuedAt: 1_700_000_000 });
    assert.notEqual(keys.anon.split('.')[2], other.anon.split('.')[2]);
  });
});
