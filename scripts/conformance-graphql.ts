/**
 * `npm run conformance:graphql -- --cases FILE [--only TEXT] [--failures N] [--verbose]`
 *
 * Replays recorded cases of Hasura's own suite against the server, each class on fresh databases. Prints passes and
 * failures by folder and in all, then the failures; exit code 1 when there are any.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createPool } from '@peakstone/kernel/pg';
import { sharedServerUrl } from '@peakstone/testing';
import { type Case, type CaseFile, groupCases, skipReason } from './conformance/graphql/cases.ts';
import { type Outcome, runGroup } from './conformance/graphql/run.ts';
import { serve } from './conformance/graphql/serve.ts';
import { makeTokens } from './conformance/graphql/tokens.ts';

const USAGE = 'usage: npm run conformance:graphql -- --cases FILE [--only TEXT] [--failures COUNT]';

const HELP = `${USAGE}

Replays recorded cases of Hasura's own suite against the server, each class on fresh databases of a throw-away PostgreSQL.

  --cases FILE       the recording
  --only TEXT        those whose id or folder holds the text; a list by commas
  --failures COUNT   failures shown (default: all)
  --stand-in-postgis where there is no PostGIS, run its cases with stand-ins for its types
  --help             this text

Prints "N passed, M failed" by folder and in all. Exit code 1 when any failed, 2 for a wrong command line.

  npm run conformance:graphql -- --cases cases.json --only graphql_query/basic
`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    only: { type: 'string' },
    failures: { type: 'string' },
    'stand-in-postgis': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
if (values.cases === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

// A locale that few machines have; what is shown of money is the same without it.
const recording = readFileSync(values.cases, 'utf8').replaceAll('en_US.utf-8', 'C');
const standsIn = values['stand-in-postgis'] === true;
const file = JSON.parse(standsIn ? withoutPostgis(recording) : recording) as CaseFile;
const texts = values.only?.split(',');
const chosen = file.cases.filter(
  each => !texts || texts.some(text => each.id.includes(text) || each.folder.includes(text)),
);
const serverUrl = await sharedServerUrl();
const probe = createPool({ url: serverUrl, size: 1, sharedSize: 0 });
const { rows } = await probe.query("select 1 from pg_available_extensions where name = 'postgis'");
await probe.close(0);
const hasPostgis = rows.length > 0;

const outcomes: Outcome[] = [];
const skipped: { readonly id: string; readonly reason: string }[] = [];
const runnable = chosen.filter(each => {
  const reason = skipReason(each, hasPostgis || standsIn, file.docs);
  if (reason !== null) skipped.push({ id: each.id, reason });
  return reason === null;
});
for (const group of groupCases(runnable)) {
  const { marks, setup } = group[0]!;
  const tokens = marks.jwt ? makeTokens(marks.jwt) : null;
  const extraSources = [
    ...setup.flatMap(({ op, name }) => (op === 'add_source' && name !== undefined ? [name] : [])),
    ...new Set(JSON.stringify(group).match(/HASURA_GRAPHQL_PG_SOURCE_URL_\d/g)),
  ];
  try {
    const served = await serve({
      group,
      text: textOf(group),
      serverUrl,
      env: { ...marks.hge_env, ...(tokens && { HASURA_GRAPHQL_JWT_SECRET: tokens.secret }) },
      standsIn: standsIn && !hasPostgis,
      adminSecret: marks.admin_secret === true,
      hasPostgis,
      extraSources,
    });
    try {
      outcomes.push(...(await runGroup(group, served, file.docs, tokens)));
    } finally {
      await served.stop();
    }
  } catch (error) {
    for (const each of group)
      outcomes.push({ case: each, failure: `the server: ${(error as Error).message}` });
  }
}
report();

/** All that a class says, its shared documents included. */
function textOf(group: readonly Case[]): string {
  const docs = group.flatMap(({ setup, steps }) =>
    [...setup, ...steps].map(({ doc }) => file.docs[doc ?? '']),
  );
  return JSON.stringify([group, docs]);
}

/** PostGIS' types without their modifiers, which stand-ins do not take. */
function withoutPostgis(text: string): string {
  return text
    .replace(/create extension if not exists (?:postgis\w*|pgcrypto)\s*;/gi, '')
    .replace(/\b(geometry|geography)\s*\([^)"$]*\)/gi, '$1');
}

function report(): void {
  const folders = new Map<string, { passed: number; failed: number }>();
  for (const { case: each, failure } of outcomes) {
    const counts = folders.get(each.folder) ?? { passed: 0, failed: 0 };
    if (failure === null) counts.passed++;
    else counts.failed++;
    folders.set(each.folder, counts);
  }
  const failures = outcomes.filter(({ failure }) => failure !== null);
  for (const { case: each, failure } of failures.slice(
    0,
    values.failures === undefined ? undefined : Number(values.failures),
  ))
    process.stdout.write(`FAIL ${each.id}\n     ${failure}\n`);
  for (const [folder, { passed, failed }] of [...folders].sort())
    process.stdout.write(`${folder}: ${passed} passed, ${failed} failed\n`);
  for (const { id, reason } of skipped) process.stdout.write(`skipped: ${id} (${reason})\n`);
  process.stdout.write(
    `${outcomes.length - failures.length} passed, ${failures.length} failed, ${skipped.length} skipped\n`,
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}
