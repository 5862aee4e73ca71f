/** Two that rotate the secrets of one stack. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { parseEnvFile } from '@peakstone/kernel/config';
import { completeEnvironment } from '../src/deploy/index.ts';
import { checkEnv } from '../src/operate/doctor/env.ts';
import { rotateStackSecrets } from '../src/operate/secrets.ts';
import { type StackPaths, stackPaths } from '../src/project/paths.ts';
import { rotationUnderWay, takeRotationLock } from '../src/project/rotationLock.ts';

const root = mkdtempSync(join(tmpdir(), 'peakstone-rotation-'));
after(() => rmSync(root, { recursive: true }));

function project(): StackPaths {
  const paths = stackPaths(mkdtempSync(join(root, 'p-')));
  completeEnvironment(paths.project);
  return paths;
}

/** Another process in the midst of a rotation, with its file beside. */
async function rotator(paths: StackPaths, t: TestContext) {
  const file = (name: string) => JSON.stringify(new URL(`../src/project/${name}.ts`, import.meta.url).href);
  const source = `import { takeRotationLock } from ${file('rotationLock')}; import { stackPaths } from ${file('paths')};
    await takeRotationLock(stackPaths(${JSON.stringify(paths.project)}), () => {}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  writeFileSync(`${paths.env}.rotating`, 'JWT_SECRET=theirs\n', { mode: 0o600 });
  return child;
}

const secretOf = (paths: StackPaths) => parseEnvFile(readFileSync(paths.env, 'utf8')).JWT_SECRET;
const doctor = (paths: StackPaths) => checkEnv(paths, {}).map(({ found }) => found);

describe('a rotation of secrets', () => {
  it('is left to its process while that lives: nobody takes its file for an interrupted one', async t => {
    const paths = project();
    const before = secretOf(paths);
    const other = await rotator(paths, t);
    completeEnvironment(paths.project);
    assert.equal(secretOf(paths), before);
    assert.ok(existsSync(`${paths.env}.rotating`));
    assert.ok(doctor(paths).includes(`are being rotated by ${rotationUnderWay(paths)}`));
    if (process.platform === 'linux') assert.equal(rotationUnderWay(paths), `process ${other.pid}`);
    await assert.rejects(
      takeRotationLock(paths, () => {}, 0),
      { code: 'config', message: /still being rotated by / },
    );
  });

  it('waits for another one, says for whom, and goes on from what that left', async t => {
    const paths = project();
    const other = await rotator(paths, t);
    const waits = Promise.withResolvers<string>();
    const rotation = rotateStackSecrets(paths, {}, ['JWT_SECRET'], waits.resolve);
    assert.match(await waits.promise, /Waiting for .*, which is rotating secrets/);
    assert.ok(existsSync(`${paths.env}.rotating`));
    other.kill('SIGKILL');
    assert.deepEqual((await rotation).rotated, ['JWT_SECRET']);
    assert.ok(!existsSync(`${paths.env}.rotating`));
    assert.notEqual(secretOf(paths), 'theirs');
    assert.equal(rotationUnderWay(paths), null);
    assert.equal(statSync(join(paths.data, 'rotation.lock')).mode & 0o777, 0o600);
  });

  it('that was interrupted is known to doctor, and finished by the next that completes the file', async t => {
    const paths = project();
    const other = await rotator(paths, t);
    other.kill('SIGKILL');
    await once(other, 'exit');
    assert.ok(doctor(paths).includes('a rotation was interrupted'));
    completeEnvironment(paths.project);
    assert.equal(secretOf(paths), 'theirs');
  });
});
