import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reservePorts } from '@peakstone/testing';
import { finish, Project, type Ran, until } from './cli.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(join(root, 'examples', 'lighthouses', 'README.md'), 'utf8');
const guest = '00000000-0000-4000-8000-000000000001';
const agent = '00000000-0000-4000-8000-000000000002';

describe('the example of lighthouses', () => {
  const project = new Project();
  let url: string;
  let loading: Ran;

  before(async () => {
    symlinkSync(join(root, 'examples'), join(project.folder, 'examples'));
    symlinkSync(join(root, 'node_modules'), join(project.folder, 'node_modules'));
    // The README says `./peakstone`, as in a clone.
    const command = join(project.folder, 'peakstone');
    writeFileSync(
      command,
      `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'packages/cli/bin/main.mjs')}' "$@"\n`,
    );
    chmodSync(command, 0o755);
    const base = await reservePorts(4);
    url = `http://127.0.0.1:${base}/rest/v1`;
    loading = await project.run(['up', '--detach', '--port-base', String(base), '--example', 'lighthouses']);
  });
  after(() => project.close());

  /** Runs a block of the README against this stack. */
  async function runBlock(program: string, argv: readonly string[], block: string): Promise<Ran> {
    const child = spawn(program, argv, {
      cwd: project.folder,
      // A locale that is not installed would have bash complain.
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(block.replaceAll('http://127.0.0.1:8000/rest/v1', url));
    return finish(child);
  }

  const blocks = (language: string): string[] =>
    [...readme.matchAll(/^```(\w+)\n(.*?)^```/gms)]
      .filter(match => match[1] === language)
      .map(match => match[2]!);

  /** How many rows of each relation a role sees. */
  async function countRows(
    role: string,
    sub: string | null,
    relations: readonly string[],
  ): Promise<Record<string, number>> {
    const counts = relations.map(name => `(select count(*)::int from ${name}) as "${name}"`).join(', ');
    const claims = JSON.stringify(sub === null ? {} : { sub, role });
    const argv = ['sql', '--json', '--role', role, '--claims', claims, `select ${counts}`];
    const { stdout, stderr } = await project.run(argv);
    assert.equal(stderr, '');
    return (JSON.parse(stdout) as [Record<string, number>])[0];
  }

  it('loads more than a hundred thousand rows', async () => {
    assert.equal(loading.code, 0, loading.stderr);
    // PostgreSQL's statistics come a while after what they count.
    await until(async () => {
      const { stdout } = await project.run([
        'sql',
        '--json',
        `select sum(n_live_tup)::int as rows, count(*)::int as tables from pg_stat_user_tables
         where schemaname in ('public', 'common', 'people', 'leads', 'pipeline', 'activities', 'docs') and n_live_tup > 0`,
      ]);
      const [{ rows, tables }] = JSON.parse(stdout) as [{ rows: number; tables: number }];
      return rows > 100_000 && tables >= 18;
    });
  });

  it('shows visitors, guests and staff what is theirs to see', async () => {
    const closed = [
      'public.stays',
      'public.payments',
      'people.accounts',
      'leads.inquiries',
      'pipeline.deals',
    ];
    const relations = ['public.lighthouses', ...closed];
    assert.deepEqual(await countRows('web_anon', null, relations), {
      'public.lighthouses': 225,
      ...Object.fromEntries(closed.map(name => [name, 0])),
    });
    const { 'public.payments': payments, ...own } = await countRows('app_user', guest, relations);
    assert.deepEqual(own, {
      'public.lighthouses': 225,
      'public.stays': 15,
      'people.accounts': 1,
      'leads.inquiries': 0,
      'pipeline.deals': 0,
    });
    assert.ok(payments! > 0 && payments! < 40, `${payments} payments`);
    const all = await countRows('app_user', agent, relations);
    assert.equal(all['public.lighthouses'], 240);
    for (const relation of closed) assert.ok(all[relation]! > 1000, relation);
  });

  it('holds the tour with curl, copied and pasted', { skip: noCurl() }, async () => {
    const [, ...tour] = blocks('sh');
    assert.equal(tour.length, 3);
    const { code, stdout, stderr } = await runBlock(
      'bash',
      ['-eu'],
      [
        // Each answer on a line of its own; a status of 400 or more ends the tour.
        'curl() { command curl --silent --show-error --fail-with-body "$@"; echo; }',
        ...tour,
      ].join('\n'),
    );
    assert.equal(code, 0, `${stderr}\n${stdout.slice(-2000)}`);
    assert.equal(stderr, '');
    for (const answer of [
      '[{"name":"Saint Olaf Ness","height_m":48.6,"built":1897}',
      '"keepers":{"motto": "Fog is just a cloud with manners.", "first_name": "Ada"}',
      '"neighbours":[{"name": "Saint Olaf Skerry"}, {"name": "Far Cape"}, {"name": "Gull Stack"}]',
      'Content-Range: 0-2/41',
      '"first_name":"Willem","last_name":"Santos"',
      '"price":539.70,"status":"requested"',
      '"price":539.70,"status":"cancelled"',
      '"stage":"contract"',
    ]) {
      assert.ok(stdout.includes(answer), `${answer} is not in:\n${stdout}`);
    }
  });

  it('holds the tour with postgrest-js, copied and pasted', async () => {
    const [tour] = blocks('js');
    const { code, stdout, stderr } = await runBlock(process.execPath, ['--input-type=module'], tour!);
    assert.equal(code, 0, stderr);
    for (const answer of [
      "name: 'North Reef'",
      '19 lighthouses in Norway',
      "{ name: 'Bell Skerry' }",
      'booked for 704.7 euro',
      "arrives: '2030-05-03'",
    ]) {
      assert.ok(stdout.includes(answer), `${answer} is not in:\n${stdout}`);
    }
  });

  it('refuses a room that is taken with 409, and prices of the guest’s own making', async () => {
    const { stdout: token } = await project.run(['secrets', 'jwt', '--role', 'app_user', '--sub', guest]);
    const headers = {
      authorization: `Bearer ${token.trim()}`,
      'content-type': 'application/json',
      prefer: 'return=representation',
    };
    const stay = { room_id: 12, arrives: '2031-05-03', departs: '2031-05-06', guests: 1 };
    const book = () => fetch(`${url}/rpc/book`, { method: 'POST', headers, body: JSON.stringify(stay) });
    const first = await book();
    assert.equal(first.status, 200);
    const { price } = (await first.json()) as { price: number };
    assert.equal((await book()).status, 409);
    const patched = await fetch(`${url}/stays?arrives=eq.2031-05-03&select=price`, {
      method: 'PATCH',
      headers,
      body: '{"price": 0}',
    });
    assert.deepEqual(await patched.json(), [{ price }]);
  });

  it('is loaded once', async () => {
    await project.run(['down']);
    const base = await reservePorts(4);
    const again = await project.run([
      'up',
      '--detach',
      '--port-base',
      String(base),
      '--example',
      'lighthouses',
    ]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr + again.stdout, /'lighthouses' is already loaded/);
  });
});

function noCurl(): string | false {
  return spawnSync('curl', ['--version']).status === 0 ? false : 'curl is not installed';
}
