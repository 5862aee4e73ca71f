/**
 * `npm run conformance:s3 -- --s3-tests DIR --python PATH [--only EXPRESSION] [--all] [--list FILE]`
 *
 * Runs ceph/s3-tests against a server of its own, on a throw-away folder. DIR is a checkout, PATH a Python that has what
 * its requirements.txt names, awscrt excepted: with it boto3 refuses the tests' empty region. Prints `passed, failed` by
 * group, then the failures; exit code 1 when there are any.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { groupOf } from './conformance/s3/groups.ts';
import { startAccounts } from './conformance/s3/serve.ts';

const USAGE =
  'usage: npm run conformance:s3 -- --s3-tests DIR --python PATH [--only EXPRESSION] [--all] [--list FILE]';

const HELP = `${USAGE}

  --s3-tests DIR     a checkout of ceph/s3-tests
  --python PATH      a Python with boto3 (without awscrt) and pytest
  --only EXPRESSION  those that pytest's -k selects
  --all              Ceph's own as well: bucket logging, cloud tiers, classes to move between
  --list FILE        also says which of the tests named in FILE, one a line, did not pass
  --help             this text
`;

async function main(): Promise<number> {
  let values: ReturnType<typeof readOptions>;
  try {
    values = readOptions();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { 's3-tests': checkout, python } = values;
  if (!checkout || !python) {
    console.error(USAGE);
    return 2;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-s3-tests-'));
  const server = await startAccounts(path.join(folder, 'data'));
  try {
    const settings = path.join(folder, 's3tests.conf');
    const report = path.join(folder, 'report.txt');
    writeFileSync(settings, server.settings);
    await runPytest(checkout, python, settings, report, values);
    return tell(readFileSync(report, 'utf8'), values.list);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions() {
  return parseArgs({
    options: {
      's3-tests': { type: 'string' },
      python: { type: 'string' },
      only: { type: 'string' },
      all: { type: 'boolean' },
      list: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

const cephsOwn =
  'not bucket_logging and not cloud_transition and not cloud_restore and not lifecycle_transition';

function runPytest(
  checkout: string,
  python: string,
  settings: string,
  report: string,
  { only, all }: { readonly only?: string | undefined; readonly all?: boolean | undefined },
): Promise<void> {
  const args = [
    '-m',
    'pytest',
    '-v',
    '--no-header',
    '-rA',
    '--tb=line',
    '-p',
    'no:cacheprovider',
    's3tests/functional',
  ];
  if (!all) args.push('-m', cephsOwn);
  if (only) args.push('-k', only);
  const out: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, {
      cwd: checkout,
      env: { ...process.env, S3TEST_CONF: settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (piece: Buffer) => {
      out.push(piece);
      process.stderr.write(piece);
    });
    child.on('error', reject);
    child.on('close', () => {
      writeFileSync(report, Buffer.concat(out));
      resolve();
    });
  });
}

function tell(report: string, list: string | undefined): number {
  const outcomes = new Map<string, string>();
  const reasons = new Map<string, string>();
  for (const [, outcome, id, reason] of report.matchAll(
    /^(PASSED|FAILED|ERROR|SKIPPED) (?:\[\d+\] )?(\S+)(?: - (.*))?$/gm,
  )) {
    const name = id!.replace(/^s3tests\/functional\//, '');
    if (outcomes.get(name) === 'FAILED') continue;
    outcomes.set(name, outcome === 'ERROR' ? 'FAILED' : outcome!);
    if (reason) reasons.set(name, reason.slice(0, 200));
  }
  const groups = new Map<string, { passed: number; failed: number }>();
  for (const [name, outcome] of outcomes) {
    const group = groupOf(name);
    const count = groups.get(group) ?? { passed: 0, failed: 0 };
    if (outcome === 'PASSED') count.passed++;
    else count.failed++;
    groups.set(group, count);
  }
  console.log();
  for (const [group, { passed, failed }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${group}: ${passed} passed, ${failed} failed`);
  const failed = [...outcomes].filter(([, outcome]) => outcome !== 'PASSED').map(([name]) => name);
  for (const name of failed)
    console.log(`FAILED ${name}${reasons.has(name) ? ` - ${reasons.get(name)}` : ''}`);
  if (list !== undefined) {
    const wanted = readFileSync(list, 'utf8')
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '');
    const missing = wanted.filter(
      name => outcomes.get(name.replace(/^s3tests\/functional\//, '')) !== 'PASSED',
    );
    console.log(`of the ${wanted.length} in ${list}: ${wanted.length - missing.length} passed`);
    for (const name of missing) console.log(`MISSING ${name}`);
  }
  console.log(`${outcomes.size - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 || outcomes.size === 0 ? 1 : 0;
}

process.exitCode = await main();
