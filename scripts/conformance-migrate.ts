/**
 * `npm run conformance:migrate -- [--cases FILE] [--only REGEX]`
 *
 * Replays what Atlas' community edition was recorded to do with folders of migrations: the same commands, on the same files,
 * against a throw-away PostgreSQL. Sums, rows of the table of revisions, tables, outputs and exit codes must be Atlas', but
 * where `conformance/migrate/better.ts` says that and why ours are meant to differ. Prints `N passed, M failed`, then the
 * failures; exit code 1 when there are any.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startThrowaway, type Throwaway } from '../packages/database/src/index.ts';
import { betterReason, mayMoveTables } from './conformance/migrate/better.ts';
import type { FolderCase, Recording } from './conformance/migrate/cases.ts';
import { compareStep } from './conformance/migrate/compare.ts';
import { Bench, isCommand } from './conformance/migrate/run.ts';

const defaultCases = '../shared/contracts/database/migrate/oracle.json';
const usage = `usage: npm run conformance:migrate -- [--cases FILE] [--only REGEX]

  --cases FILE   the recording (default PEAKSTONE_MIGRATE_CASES, or ${defaultCases})
  --only REGEX   cases whose name matches
`;

/** Commands whose results are ours to shape: more rules than Atlas has, and a planner that sees what it does not. */
const ownCommands = new Set(['lint', 'diff']);

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const file = options.cases ?? process.env.PEAKSTONE_MIGRATE_CASES ?? defaultCases;
  if (!existsSync(file)) {
    console.error(`${usage}\nNo recording at ${file}.`);
    return 2;
  }
  const { atlas, cases } = JSON.parse(readFileSync(file, 'utf8')) as Recording;
  const wanted = cases.filter(
    ({ name }) => options.only === undefined || new RegExp(options.only).test(name),
  );
  const server = await startThrowaway({}, new AbortController().signal);
  try {
    return report(atlas, await runCases(wanted, server));
  } finally {
    await server.stop();
  }
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        cases: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return null;
  }
}

interface Compared {
  readonly name: string;
  readonly failures: readonly string[];
  readonly better: string | null;
  /** Steps of commands that are not compared. */
  readonly own: number;
}

async function runCases(cases: readonly FolderCase[], server: Throwaway): Promise<Compared[]> {
  const compared: Compared[] = [];
  for (const [index, each] of cases.entries()) {
    const name = `case_${index}`;
    const bench = new Bench(await server.createDatabase(name));
    try {
      compared.push(await runCase(each, bench));
    } finally {
      bench.close();
      await server.dropDatabase(name);
    }
  }
  return compared;
}

async function runCase({ name, files, steps, tables_after }: FolderCase, bench: Bench): Promise<Compared> {
  bench.change({ files });
  const seen = { ...files };
  const failures: string[] = [];
  let own = 0;
  for (const [index, step] of steps.entries()) {
    if ('sql' in step) {
      const result = await bench.sql(`set search_path = public; ${step.sql}`);
      if (result !== step.result) failures.push(`${step.sql}: Atlas ${step.result}, ours ${result}`);
    } else if (!isCommand(step)) {
      bench.change(step);
      Object.assign(seen, step.files);
    } else if (ownCommands.has(step.command[1]!)) {
      own++;
    } else {
      const outcome = await bench.run(step);
      const differences = compareStep(step, outcome);
      if (differences.length === 0) continue;
      const better = betterReason(step, outcome);
      if (better !== null) return { name, failures, better, own };
      failures.push(
        ...differences.map(text => `step ${index + 1}, ${step.command.slice(0, 3).join(' ')}: ${text}`),
      );
    }
  }
  const theirs = tables_after.split(',').sort().join(',');
  const ours = await bench.tables();
  if (own > 0 || theirs === ours) return { name, failures, better: null, own };
  const better = mayMoveTables(seen)
    ? 'what one file sets for the session is put back before the next'
    : null;
  if (better === null) failures.push(`tables: Atlas ${theirs}, ours ${ours}`);
  return { name, failures, better, own };
}

function report(atlas: string, compared: readonly Compared[]): number {
  const failed = compared.filter(({ failures }) => failures.length > 0);
  const better = compared.filter(each => each.better !== null && each.failures.length === 0);
  const own = compared.reduce((sum, each) => sum + each.own, 0);
  console.log(`${compared.length - failed.length} passed, ${failed.length} failed (${atlas})`);
  for (const { name, failures } of failed) {
    console.log(`\n${name}`);
    for (const failure of failures) console.log(`    ${failure.slice(0, 2000)}`);
  }
  if (own > 0) console.log(`\n${own} steps of lint and diff are ours to shape and were not compared.`);
  if (better.length > 0)
    console.log(`\nOn purpose otherwise than Atlas, ${better.length} of those that passed:`);
  for (const { name, better: reason } of better) console.log(`    ${name}: ${reason}`);
  return failed.length > 0 ? 1 : 0;
}
