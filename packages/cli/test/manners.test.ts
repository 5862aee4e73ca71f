import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { root } from '../src/commands/index.ts';
import { type Command, usualServices } from '../src/grammar/command.ts';
import { Project } from './cli.ts';

const project = new Project();
after(() => rmSync(project.folder, { recursive: true }));

function* commands(command: Command, path: readonly string[] = []): Generator<readonly [string[], Command]> {
  yield [[...path], command];
  for (const child of command.commands ?? [])
    if (!child.hidden) yield* commands(child, [...path, child.name]);
}

describe('the manners of the command line', () => {
  it('has help with examples for every command', async () => {
    const all = new Map([...commands(root)].map(([path, command]) => [path.join(' '), command]));
    for (const [path, command] of commands(root)) {
      const examples = [command, all.get(path.slice(0, -1).join(' '))].flatMap(here => here?.examples ?? []);
      assert.ok(
        !command.run || examples.some(({ command: line }) => line.includes(path.join(' '))),
        `${path.join(' ')} has no example`,
      );
      assert.doesNotMatch(command.summary, /\.$|^[A-Z]/, `${path.join(' ')}: a summary is a phrase`);
    }
    const { code, stdout, stderr } = await project.run(['secrets', 'rotate', '--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^Usage: peakstone secrets rotate \[OPTIONS\] \[NAME…\]$/m);
    assert.match(stdout, /Examples\n/);
  });

  it('answers a bare call with help on standard error, as a mistake', async () => {
    const { code, stdout, stderr } = await project.run([]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /Usage: peakstone COMMAND/);
    for (const group of ['deploy', 'gen']) {
      const bare = await project.run([group]);
      assert.deepEqual([bare.code, bare.stdout], [2, '']);
      assert.match(bare.stderr, new RegExp(`Usage: peakstone ${group} COMMAND`));
    }
  });

  it('ends with 2 and a hint on a command line that it does not understand', async () => {
    const { code, stdout, stderr } = await project.run(['stauts']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(stderr, "error: There is no command 'stauts'.\nhint:  Did you mean 'peakstone status'?\n");
    assert.equal((await project.run(['up', '--port-base', '99999'])).code, 2);
    assert.equal((await project.run(['sql', '--json', '--csv', 'select 1'])).code, 2);
    assert.equal((await project.run(['secrets', 'JWT_SECRT'])).code, 2);
    assert.equal((await project.run(['logs', '--since', 'yesterday'])).code, 3);
  });

  it('ends with 3 where no stack runs, and says how to start one', async () => {
    for (const argv of [['status'], ['restart'], ['sql', 'select 1']]) {
      const { code, stderr } = await project.run(argv);
      assert.equal(code, 3, argv.join(' '));
      assert.match(stderr, /No stack runs in .*\nhint: {2}Start it with 'peakstone up'/);
    }
    assert.deepEqual(await project.json('status'), { running: false, remains: [] });
    assert.equal((await project.run(['down'])).code, 0);
  });

  it('says what is wrong with a folder that cannot hold a stack', async t => {
    const project = new Project();
    t.after(() => project.close());
    writeFileSync(join(project.folder, 'file'), '');
    const { code, stderr } = await project.run(['up', '--data', 'file']);
    assert.equal(code, 1);
    assert.match(stderr, /file cannot hold the stack’s data: there is a file in its place\.\nhint: /);
  });

  it('colours a terminal only, and never with NO_COLOR', async () => {
    assert.doesNotMatch((await project.run(['--help'])).stdout, /\u001b/);
    const coloured = new Project({ FORCE_COLOR: '1' });
    assert.match((await coloured.run(['--help'])).stdout, /\u001b\[1m/);
    const plain = new Project({ FORCE_COLOR: '1', NO_COLOR: '1' });
    assert.doesNotMatch((await plain.run(['--help'])).stdout, /\u001b/);
    assert.equal((await plain.run(['version'])).stderr, '');
    // A failure has Node look at its colours, which warns when both variables are set.
    assert.doesNotMatch((await plain.run(['status'])).stderr, /Warning/);
    for (const { folder } of [coloured, plain]) rmSync(folder, { recursive: true });
  });

  it('fails its examination for a JWT secret that up would refuse', async () => {
    for (const env of [{}, { JWT_SECRET: 'also-too-short' }]) {
      const weak = new Project(env);
      writeFileSync(join(weak.folder, '.env'), 'JWT_SECRET=only-24-characters-long-x\n', { mode: 0o600 });
      const { code, stdout } = await weak.run(['doctor']);
      assert.equal(code, 4);
      assert.match(stdout, /^fail +Secrets +JWT_SECRET is shorter than 32 characters/m);
      assert.doesNotMatch(stdout, /only-24|also-too/);
      rmSync(weak.folder, { recursive: true });
    }
  });

  it('examines a deployment in the same words and shape as a machine', async t => {
    const project = new Project();
    t.after(() => project.close());
    const none = await project.json<{ level: string; title: string; todo: string }[]>('doctor', '--deploy');
    assert.deepEqual(
      none.map(({ level, title }) => [level, title]),
      [['fail', '.env']],
    );
    assert.match(none[0]!.todo, /peakstone deploy env/);
    assert.equal((await project.run(['deploy', 'env'])).code, 0);
    const made = await project.json<{ level: string; title: string }[]>('doctor', '--deploy');
    assert.deepEqual(
      made.map(({ level, title }) => [level, title]),
      [['warn', 'DOMAIN_*']],
    );
    chmodSync(join(project.folder, '.env'), 0o644);
    const [open] = await project.json<{ level: string; title: string; todo: string }[]>('doctor', '--deploy');
    assert.deepEqual([open!.level, open!.title], ['warn', '.env']);
    assert.match(open!.todo, /^chmod 600 /);
  });

  it('reads a configuration that imports its types, in a folder without packages', async t => {
    const project = new Project();
    t.after(() => project.close());
    const file = join(project.folder, 'peakstone.config.ts');
    const services = async (text: string) => {
      writeFileSync(file, text);
      return await project.run(['compose', '--print', 'services']);
    };
    const typed = await services(
      `import { defineConfig } from '@peakstone/stack'; export default defineConfig({ services: { rest: 'upstream' } });`,
    );
    assert.deepEqual([typed.code, typed.stderr], [0, '']);
    assert.match(typed.stdout, /`rest` .* upstream \(/);
    assert.match(
      (await services('export default {\n  routes: ,\n};')).stderr,
      /peakstone\.config\.ts:2: Expression expected/,
    );
    assert.match((await services('export default { schemas: [] };')).stderr, /schemas: it is empty/);
    assert.match(
      (await services(`export default { schemas: ['auth'] };`)).stderr,
      /schemas: it must be names .* not "auth"/,
    );
    assert.match((await services('const config = {};')).stderr, /must export its configuration/);
    assert.match(
      (await services(`export default { routes: 'foo' }`)).stderr,
      /routes: 'foo' is none of traefik/,
    );
  });

  it('offers the services that every stack here has', async () => {
    const { services } = await import('@peakstone/stack');
    const here = services.filter(({ kind, engines }) => kind === 'service' && engines.includes('peakstone'));
    assert.deepEqual(
      here.map(({ name }) => name),
      usualServices,
    );
  });

  it('refuses a claim that an option would overrule', async () => {
    const { code, stderr } = await project.run(['secrets', 'jwt', '--role', 'app_user', '--claim', 'role=x']);
    assert.equal(code, 2);
    assert.match(stderr, /--claim role=x and --role exclude each other/);
  });

  it('leaves nothing behind in a folder that it was only asked about', async () => {
    const { readdirSync } = await import('node:fs');
    assert.deepEqual(readdirSync(project.folder), []);
  });

  it('says what its exit codes mean, and its version', async () => {
    assert.match((await project.run(['help', 'exit-codes'])).stdout, /^ {2}3 +No stack runs/m);
    assert.equal((await project.run(['help', 'nonsense'])).code, 2);
    const version = await project.json<Record<string, string>>('version');
    assert.match(version.peakstone!, /^\d+\.\d+\.\d+$/);
    assert.match(version.node!, /^24\./);
  });

  it('completes commands, options and choices in bash', async t => {
    if (spawnSync('bash', ['--version']).status !== 0) return t.skip('bash is not installed');
    const { stdout: script } = await project.run(['completions', 'bash']);
    const complete = (...words: string[]): string[] => {
      const ask = words[0] === 'npx' ? '_peakstone_npx' : '_peakstone';
      const line = words.map(word => `'${word}'`).join(' ');
      const asked = spawnSync(
        'bash',
        [
          '-c',
          `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; ${ask}; printf '%s\\n' "\${COMPREPLY[@]}"`,
        ],
        // A locale that is not installed would have it complain.
        { cwd: project.folder, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
      );
      assert.equal(asked.stderr, '');
      return asked.stdout.trim().split('\n');
    };
    assert.deepEqual(complete('peakstone', 'sta'), ['status']);
    assert.deepEqual(complete('peakstone', 'secrets', 'ro'), ['rotate']);
    assert.deepEqual(complete('npx', 'peakst'), ['peakstone']);
    assert.deepEqual(complete('npx', 'peakstone', 'secrets', 'ro'), ['rotate']);
    assert.deepEqual(complete('peakstone', 'up', '--de'), ['--detach']);
    assert.deepEqual(complete('peakstone', 'completions', 'z'), ['zsh']);
    assert.deepEqual(complete('peakstone', 'logs', '-f', 'ga'), ['gateway']);
    assert.deepEqual(complete('peakstone', 'restart', 'p'), ['postgres']);
    assert.ok(!complete('peakstone', '_').includes('_serve'));
  });

  it('completes in fish and zsh with scripts that these accept', async t => {
    const scripts = mkdtempSync(join(tmpdir(), 'peakstone-completions-'));
    t.after(() => rmSync(scripts, { recursive: true }));
    for (const shell of ['fish', 'zsh'] as const) {
      const { code, stdout } = await project.run(['completions', shell]);
      assert.equal(code, 0);
      assert.match(stdout, /complete .*peakstone/);
      if (spawnSync(shell, ['--version']).status !== 0) {
        t.diagnostic(`${shell} is not installed: its script was not run`);
        continue;
      }
      // In a file: fish takes nothing from the socket that Node makes of a child's standard input.
      const file = join(scripts, `completions.${shell}`);
      writeFileSync(file, stdout);
      const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      assert.deepEqual([checked.status, checked.stderr], [0, ''], shell);
    }
  });
});
