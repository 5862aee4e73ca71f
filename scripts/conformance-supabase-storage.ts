/**
 * `npm run conformance:supabase-storage -- --acceptance DIR [--only PATTERN]`
 *
 * Runs the black-box acceptance suite of supabase/storage against a storage of its own. DIR holds its folder `acceptance`
 * and a `node_modules` with what that imports: vitest, tus-js-client, @aws-sdk/client-s3, @aws-sdk/s3-presigned-post.
 * What is left out: the purge of caches in front of a server, and what is of Supabase's platform (its admin API, analytics
 * and vector buckets). Prints the failures and `N passed, M failed`; exit code 1 when there are any.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Served, serveStack } from './conformance/supabase-storage/serve.ts';

const USAGE = 'usage: npm run conformance:supabase-storage -- --acceptance DIR [--only PATTERN]';

const HELP = `${USAGE}

  --acceptance DIR  the folder that holds supabase/storage's \`acceptance\` and tsconfig.json, and node_modules for it
  --only PATTERN    those whose title matches
  --help            this text
`;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      acceptance: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (!values.acceptance) {
    console.error(USAGE);
    return 2;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-acceptance-'));
  const server = await serveStack();
  try {
    await prepareRules(server);
    const report = path.join(folder, 'report.json');
    await runVitest(path.resolve(values.acceptance), report, settingsOf(server), values.only);
    return tell(JSON.parse(readFileSync(report, 'utf8')) as Report);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What its seed has: a bucket in which authenticated users have a folder. */
async function prepareRules({ sql }: Served): Promise<void> {
  await sql(`insert into storage.buckets (id, name) values ('bucket2', 'bucket2');
    create policy authenticated_folder on storage.objects to authenticated
      using (bucket_id = 'bucket2' and (storage.foldername(name))[1] = 'authenticated')
      with check (bucket_id = 'bucket2' and (storage.foldername(name))[1] = 'authenticated')`);
}

function settingsOf({ url, keys, s3 }: Served): Record<string, string> {
  return {
    ACCEPTANCE_TARGET: 'local',
    ACCEPTANCE_PROFILE: 'full',
    ACCEPTANCE_BASE_URL: `${url}/storage/v1`,
    ACCEPTANCE_SERVICE_KEY: keys.service,
    ACCEPTANCE_ANON_KEY: keys.anon,
    ACCEPTANCE_AUTHENTICATED_KEY: keys.authenticated,
    ACCEPTANCE_S3_ACCESS_KEY_ID: s3.accessKey,
    ACCEPTANCE_S3_SECRET_ACCESS_KEY: s3.secretKey,
    ACCEPTANCE_ENABLE_RENDER: 'true',
    ACCEPTANCE_ENABLE_RLS_SETUP: 'true',
    ACCEPTANCE_ENABLE_ADMIN: 'false',
    STORAGE_BACKEND: 'file',
  };
}

function runVitest(
  folder: string,
  report: string,
  settings: Record<string, string>,
  only: string | undefined,
): Promise<void> {
  const args = [
    path.join(folder, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'acceptance/acceptance.vitest.config.ts',
    '--reporter=json',
    '--reporter=dot',
    `--outputFile.json=${report}`,
    ...(only ? ['-t', only] : []),
  ];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...settings };
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}

function tell({ testResults }: Report): number {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = results.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed)
    console.log(
      `FAIL ${fullName}\n     ${failureMessages.join('\n').split('\n').slice(0, 12).join('\n     ')}`,
    );
  // A file that cannot be read has no tests to fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  for (const { name, message } of broken) console.log(`FAIL ${name}\n     ${message}`);
  const count = (wanted: string): number => results.filter(({ status }) => status === wanted).length;
  console.log(
    `${count('passed')} passed, ${failed.length + broken.length} failed, ${count('skipped') + count('pending')} left out`,
  );
  return failed.length + broken.length > 0 ? 1 : 0;
}

process.exitCode = await main();
