import type { Connection } from '@peakstone/stack/objects';
import type { Command, Context } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import type { Interruption } from '../../interrupt.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { serverOptions, siteOf } from '../../storage/admin.ts';
import { type Connect, placesHelp, withSites } from '../../storage/open.ts';
import { sizeText } from '../../storage/size.ts';
import { TransferProgress } from '../../transfer/progress.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: 'bring everything over from a MinIO, from its folder, or from any S3',
  description: [
    'Objects with all their versions, markers, metadata, tags, locks, times and ETags; buckets with their versioning, policy, lifecycle, CORS, encryption, tags, lock and quota; and from a MinIO its users, groups, policies and keys, secrets included. Versions keep their ids where the target is PeakStone. Lifecycle rules come last, so that nothing expires on the way.',
    'SOURCE is ALIAS: or https://HOST, of one bucket with its name after it; or the folder of a stopped MinIO of one drive. The same command goes on where it was ended: what is there already, version by version, is passed over. Exit code 1 when something could not be brought; the rest is.',
    placesHelp,
  ].join('\n\n'),
  arguments: [{ name: 'SOURCE', summary: 'ALIAS:[BUCKET], https://HOST[/BUCKET], or a folder of MinIO’s' }],
  options: {
    bucket: { kind: 'list', value: 'NAME', summary: 'Only this bucket, without users. May be repeated' },
    'dry-run': { kind: 'flag', summary: 'Read what there is and count it; change nothing' },
    ...serverOptions,
  },
  examples: [
    { command: 'peakstone storage migrate minio:', does: 'All of a running MinIO, into the stack' },
    { command: 'peakstone storage migrate /var/lib/minio', does: 'From the folder of one that was stopped' },
    { command: 'peakstone storage migrate --dry-run --json minio:photos', does: 'What one bucket holds' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, interruption, async (connect, signal) => {
      const { migrate: run } = await import('@peakstone/stack/objects');
      const { options } = invocation;
      const progress = new TransferProgress(context);
      const totals = { versions: 0, bytes: 0, done: 0, doneBytes: 0 };
      let failures = 0;
      const say = (text: string): void => {
        progress.close();
        context.stderr.write(`${printableLine(text)}\n`);
      };
      const onFailure = (what: string, error: Error): void => {
        failures++;
        const { hint } = error as Error & { hint?: string };
        say(`${what}: ${error.message}${hint ? ` ${hint}` : ''}`);
      };
      const source = await openSource(invocation.arguments[0]!, options.bucket, connect, context, onFailure);
      const to = await connect(siteOf(options.at));
      if (source.name === to.origin) throw new UsageError('Source and target are the same server.');
      try {
        const report = await run(
          source,
          to,
          options['dry-run'] === true,
          {
            onFound: (versions, bytes) => {
              totals.versions += versions;
              totals.bytes += bytes;
              progress.show('count', null, `${totals.versions} versions, ${sizeText(totals.bytes)}`);
            },
            onMoved: bytes => {
              totals.done++;
              totals.doneBytes += bytes;
              const share =
                totals.bytes === 0 ? totals.done / totals.versions : totals.doneBytes / totals.bytes;
              progress.show(
                'migrate',
                share,
                `${totals.done} of ${totals.versions} versions, ${sizeText(totals.doneBytes)}`,
              );
            },
            onNote: say,
            onFailure,
          },
          signal,
        );
        progress.close();
        const told = { ...report, found: { versions: totals.versions, bytes: totals.bytes } };
        if (options.json) context.stdout.write(`${toJson(told)}\n`);
        const { buckets, copied, present, bytes, policies, users, groups, keys } = report;
        const people = `${users} users, ${groups} groups, ${policies} policies and ${keys} keys`;
        context.stderr.write(
          options['dry-run']
            ? `There are ${buckets} buckets, ${totals.versions} versions (${sizeText(totals.bytes)}), ${people}. Nothing was changed.\n`
            : `${copied} versions copied (${sizeText(bytes)}), ${present} were there already, in ${buckets} buckets; ${people}${failures ? `; ${failures} failed` : ''}.\n`,
        );
        return failures > 0 ? exitCodes.failure : exitCodes.ok;
      } finally {
        progress.close();
      }
    }),
};

const interruption: Interruption = {
  cancelled: 'What was brought is there; the same command goes on with the rest.',
  again: 'The same command goes on from there.',
};

async function openSource(
  text: string,
  only: unknown,
  connect: Connect,
  context: Context,
  onFailure: (what: string, error: Error) => void,
) {
  const { parseLocation, openDrive, s3Source } = await import('@peakstone/stack/objects');
  const { resolve } = await import('node:path');
  const place = parseLocation(text);
  const buckets = (only as readonly string[] | undefined) ?? [];
  if (place.kind === 'file') return await openDrive(resolve(context.cwd, place.path), buckets, onFailure);
  if (place.kind === 'stream' || place.key !== '')
    throw new UsageError(`'${text}' is no server and no bucket.`, 'Write it as ALIAS: or ALIAS:BUCKET.');
  const connection: Connection = await connect(place.site);
  return s3Source(connection, place.bucket === '' ? buckets : [place.bucket, ...buckets]);
}
