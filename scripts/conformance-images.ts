/**
 * `npm run conformance:images -- [--contract DIR] [--group A,B] [--id A,B] [--verbose]`, or `-- --imgproxy DIR --images DIR`
 *
 * Asks the recorded requests of the image contract and compares status, headers, format, size, metadata and pixels with what
 * imgproxy answered. The server runs once for each profile of settings, beside an origin that misbehaves on request. Prints a
 * table by group, what differs, and `N passed, M failed`; exit code 1 when anything does. With clones of imgproxy and of its
 * test pictures it asks what imgproxy's own tests ask over HTTP, and compares with their golden hashes.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { images, readImagesConfig } from '../packages/images/src/index.ts';
import { compare, faultKinds, type Verdict } from './conformance/images/compare.ts';
import { type GoldenResult, replayGolden } from './conformance/images/golden.ts';
import { replayHandler } from './conformance/images/handler.ts';
import { type Ask, look, type Seen, send } from './conformance/images/look.ts';

const defaultContract = '../shared/contracts/images';
const usage = `usage: npm run conformance:images -- [--contract DIR] [--group A,B] [--id A,B] [--verbose]
       npm run conformance:images -- --imgproxy DIR --images DIR

  --contract DIR   the recording (default PEAKSTONE_IMAGES_CONTRACT, or ${defaultContract})
  --group, --id    only these
  --verbose        every difference, not the first hundred
  --imgproxy DIR   a clone of imgproxy, for its HTTP tests and golden hashes
  --images DIR     a clone of its test pictures
`;
const concurrency = 2;

interface Compared extends Verdict {
  readonly ask: Ask;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (options.imgproxy !== undefined && options.images !== undefined) {
    return reportOwn(await replayOwn(path.resolve(options.imgproxy), path.resolve(options.images)));
  }
  const contract = path.resolve(options.contract ?? process.env.PEAKSTONE_IMAGES_CONTRACT ?? defaultContract);
  if (!existsSync(path.join(contract, 'oracle.json'))) {
    console.error(`${usage}\nNo recording in ${contract}.`);
    return 2;
  }
  const pick = (given: string | undefined, value: string): boolean =>
    given === undefined || given.split(',').includes(value);
  const asks = readJson<Ask[]>(contract, 'urls.json').filter(
    ({ group, id }) => pick(options.group, group) && pick(options.id, id),
  );
  const { answers } = readJson<{ answers: Record<string, Seen> }>(contract, 'oracle.json');
  return report(await replay(contract, asks, answers), options.verbose === true);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        contract: { type: 'string' },
        group: { type: 'string' },
        id: { type: 'string' },
        verbose: { type: 'boolean' },
        imgproxy: { type: 'string' },
        images: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return null;
  }
}

function readJson<Value>(folder: string, name: string): Value {
  return JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Value;
}

async function replay(
  contract: string,
  asks: readonly Ask[],
  answers: Readonly<Record<string, Seen>>,
): Promise<readonly Compared[]> {
  const load = (name: string): Promise<unknown> => import(pathToFileURL(path.join(contract, name)).href);
  const { startOrigin } = (await load('origin.mjs')) as { startOrigin: (folder: string) => Promise<Server> };
  const { profiles } = (await load('profiles.mjs')) as {
    profiles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  const sources = path.join(contract, 'src');
  const origin = await startOrigin(sources);
  const compared: Compared[] = [];
  try {
    for (const profile of new Set(asks.map(ask => ask.profile))) {
      const settings = Object.entries(profiles[profile] ?? {}).map(
        ([name, value]) => [name, value.replaceAll('{SRC}', sources)] as const,
      );
      const env = { ...Object.fromEntries(settings), IMGPROXY_BIND: '127.0.0.1:0' };
      const ofProfile = asks.filter(ask => ask.profile === profile);
      compared.push(...(await replayProfile(env, ofProfile, answers)));
      process.stderr.write(`${profile}: ${ofProfile.length}\n`);
    }
  } finally {
    origin.close();
    origin.closeAllConnections();
  }
  return compared;
}

/** imgproxy's own tests, with its test data and its pictures in the places that they name. */
async function replayOwn(imgproxy: string, pictures: string): Promise<readonly GoldenResult[]> {
  const root = mkdtempSync(path.join(tmpdir(), 'peakstone-imgproxy-'));
  try {
    for (const name of readdirSync(path.join(imgproxy, 'testdata'))) {
      if (name !== 'test-images') symlinkSync(path.join(imgproxy, 'testdata', name), path.join(root, name));
    }
    symlinkSync(pictures, path.join(root, 'test-images'));
    return [...(await replayHandler(root)), ...(await replayGolden(imgproxy, root))];
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function replayProfile(
  env: Readonly<Record<string, string>>,
  asks: readonly Ask[],
  answers: Readonly<Record<string, Seen>>,
): Promise<readonly Compared[]> {
  const server = await images.start(readImagesConfig(env), {}, new AbortController().signal);
  const base = `http://127.0.0.1:${server.port}`;
  const compared: Compared[] = [];
  const left = asks.values();
  const ask = async (): Promise<void> => {
    for (const each of left) {
      const recorded = answers[each.id];
      if (recorded === undefined) continue;
      const seen = await look(await send(base, each));
      compared.push({ ask: each, ...compare(each, seen, recorded) });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, ask));
  } finally {
    await server.stop();
  }
  return compared;
}

function isSame({ look: seen, faults }: Verdict): boolean {
  return faults.length === 0 && seen !== 'far';
}

function report(compared: readonly Compared[], verbose: boolean): number {
  const columns = ['n', 'same', 'exact', 'near', 'far', ...faultKinds];
  console.log(`| group | ${columns.join(' | ')} |`);
  console.log(`|---|${columns.map(() => '--:|').join('')}`);
  const groups = Map.groupBy(compared, ({ ask }) => ask.group);
  for (const [group, those] of [...groups, ['all', compared] as const]) {
    const looks = (['exact', 'near', 'far'] as const).map(
      kind => those.filter(each => each.look === kind).length,
    );
    const faults = faultKinds.map(
      kind => those.filter(each => each.faults.some(([of]) => of === kind)).length,
    );
    const cells = [those.length, those.filter(isSame).length, ...looks, ...faults];
    console.log(`| ${group} | ${cells.join(' | ')} |`);
  }
  const wrong = compared.filter(each => !isSame(each));
  for (const { ask, look: seen, faults } of verbose ? wrong : wrong.slice(0, 100)) {
    console.log(`${ask.id} ${seen ?? '-'} ${ask.path.slice(0, 110)}`);
    for (const [kind, words] of faults) console.log(`    ${kind} ${words}`);
  }
  console.log(`\n${compared.length - wrong.length} passed, ${wrong.length} failed`);
  return wrong.length === 0 ? 0 : 1;
}

function reportOwn(results: readonly GoldenResult[]): number {
  const failed = results.filter(({ failure }) => failure !== null);
  for (const [suite, those] of Map.groupBy(results, ({ name }) => name.split('/')[0])) {
    console.log(`${suite}: ${those.filter(({ failure }) => failure === null).length} of ${those.length}`);
  }
  for (const { name, failure } of failed) console.log(`${name}: ${failure}`);
  console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}
