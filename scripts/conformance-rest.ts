/**
 * `npm run conformance:rest -- --postgrest DIR [--cases FILE] [--only REGEX] [--settings JSON] [--database URL]`
 *
 * Runs recorded HTTP cases against the engine on a real, throw-away PostgreSQL that holds PostgREST's own test fixtures,
 * or on a database that holds them already (`URL`, as the authenticator role), which is quicker to repeat. DIR is a
 * checkout of PostgREST, FILE the recording (or `PEAKSTONE_REST_CASES`; default `DIR/cases.json`). One server is started
 * for each group of settings. Prints `N passed, M failed`, then the failures; exit code 1 when there are any.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, type CaseFile, groupBySettings } from './conformance/cases.ts';
import { type Fixtures, loadFixtures } from './conformance/fixtures.ts';
import { type Outcome, runCases } from './conformance/run.ts';
import { configOf, serve } from './conformance/serve.ts';

const USAGE =
  'usage: npm run conformance:rest -- --postgrest DIR [--cases FILE] [--only REGEX] [--settings JSON] [--database URL]';

const HELP = `${USAGE}

Runs recorded HTTP cases of PostgREST against the engine, on a throw-away PostgreSQL with PostgREST's own fixtures.

  --postgrest DIR   a checkout of PostgREST
  --cases FILE      the recording (default PEAKSTONE_REST_CASES, or DIR/cases.json)
  --only REGEX      those whose id, file or name matches
  --settings JSON   those of one group of settings
  --database URL    a database that holds the fixtures already, as the authenticator role; quicker to repeat
  --help            this text

Prints "N passed, M failed", then the failures. Exit code 1 when there are any, 2 for a wrong command line.

  npm run conformance:rest -- --postgrest ../postgrest --only "Feature.Query.Insert"
`;

const options = readOptions();

function readOptions() {
  try {
    return parseArgs({
      options: {
        postgrest: { type: 'string' },
        cases: { type: 'string' },
        only: { type: 'string' },
        settings: { type: 'string' },
        database: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

/** Extensions that no server here can offer; cases that need one are counted as failed and named as such. */
const UNAVAILABLE: ReadonlySet<string> = new Set(['safeupdate']);

process.exitCode = await main();

async function main(): Promise<number> {
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { postgrest } = options;
  if (postgrest === undefined || !existsSync(path.join(postgrest, 'test/spec/fixtures/load.sql'))) {
    console.error(`${USAGE}\n--postgrest must be a checkout of PostgREST with test/spec/fixtures.`);
    return 2;
  }
  const file = options.cases ?? process.env.PEAKSTONE_REST_CASES ?? path.join(postgrest, 'cases.json');
  if (!existsSync(file)) {
    console.error(`${USAGE}\nNo recorded cases at ${file}.`);
    return 2;
  }
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as CaseFile;
  const wanted = recorded.cases.filter(isWanted);
  const fixtures = await openFixtures(postgrest);
  try {
    const outcomes = await runGroups(recorded, wanted, fixtures, path.join(postgrest, 'test/spec/fixtures'));
    return report(outcomes);
  } finally {
    await fixtures.stop();
  }
}

function isWanted(each: Case): boolean {
  if (options.settings !== undefined) {
    const same = JSON.stringify(each.config.settings) === JSON.stringify(JSON.parse(options.settings));
    if (!same) return false;
  }
  if (options.only === undefined) return true;
  return new RegExp(options.only).test([each.id, each.file, ...each.describe, each.name].join(' '));
}

async function openFixtures(postgrest: string): Promise<Fixtures> {
  const { database } = options;
  return database === undefined ? loadFixtures(postgrest) : { url: database, stop: async () => {} };
}

async function runGroups(
  recorded: CaseFile,
  wanted: readonly Case[],
  fixtures: Fixtures,
  folder: string,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const group of groupBySettings(wanted).values()) {
    const able: Case[] = [];
    for (const each of group.cases) {
      const reason = unableReason(each);
      if (reason === null) able.push(each);
      else outcomes.push({ case: each, failures: [reason] });
    }
    if (able.length === 0) continue;
    try {
      const server = await serve(await configOf(recorded.baseConfig, group.settings, fixtures.url));
      try {
        outcomes.push(...(await runCases(able, { baseUrl: server.baseUrl, fixtures: folder })));
      } finally {
        await server.stop();
      }
    } catch (error) {
      const reason = `no server for ${JSON.stringify(group.settings)}: ${(error as Error).message}`;
      outcomes.push(...able.map(each => ({ case: each, failures: [reason] })));
    }
  }
  return outcomes;
}

function unableReason(each: Case): string | null {
  if (each.unparsed) return 'the recording could not be read';
  const missing = each.requires?.filter(name => UNAVAILABLE.has(name)) ?? [];
  if (missing.length > 0) return `needs the extension ${missing.join(', ')}`;
  return each.pending ? 'pending in the reference' : null;
}

function report(outcomes: readonly Outcome[]): number {
  const failed = outcomes.filter(({ failures }) => failures.length > 0).sort((a, b) => a.case.id - b.case.id);
  console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
  for (const { case: each, failures } of failed) {
    const settings = JSON.stringify(each.config.settings);
    console.log(
      `\n#${each.id} ${path.basename(each.file)} | ${each.name}${settings === '{}' ? '' : ` | ${settings.slice(0, 120)}`}`,
    );
    for (const failure of failures) console.log(`    ${failure.slice(0, 900)}`);
  }
  return failed.length > 0 ? 1 : 0;
}
