import type { Command, Context, OptionValues } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { write } from '../../sql/streams.ts';
import { placesHelp, siteOptions, wholeCalls, withSites } from '../../storage/open.ts';
import { sizeText } from '../../storage/size.ts';

/** What one line tells. */
interface Line {
  readonly kind: 'bucket' | 'prefix' | 'object' | 'marker';
  readonly name: string;
  readonly modified?: string;
  readonly size?: number;
  readonly etag?: string;
  readonly versionId?: string;
  readonly isLatest?: boolean;
}

export const ls: Command = {
  name: 'ls',
  summary: 'list buckets, or the objects in one',
  description: `One level, as if slashes made folders: names that end with a slash are groups. With --json one object a line. ${placesHelp}`,
  arguments: [{ name: 'PLACE', summary: 'BUCKET, BUCKET/PREFIX; all buckets without it', required: false }],
  options: {
    recursive: { kind: 'flag', short: 'r', summary: 'Everything below, without groups' },
    versions: { kind: 'flag', summary: 'All versions and delete markers, newest first; recursive' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage ls', does: 'The stack’s buckets' },
    { command: 'peakstone storage ls uploads/2026/', does: 'What is in a folder' },
    {
      command: 'peakstone storage ls -r --json minio:photos',
      does: 'All of another server’s bucket, for a program',
    },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async connect => {
      const { parseRemote, listBuckets, listObjects, listVersions } = await import(
        '@peakstone/stack/objects'
      );
      const { options } = invocation;
      const place = parseRemote(invocation.arguments[0] ?? '');
      const connection = await connect(place.site);
      const lines = async function* (): AsyncGenerator<Line> {
        if (place.bucket === '') {
          for (const { name, created } of await listBuckets(connection))
            yield { kind: 'bucket', name: `${name}/`, modified: created };
        } else if (options.versions) {
          for await (const { key, isMarker, ...rest } of listVersions(connection, place))
            yield { kind: isMarker ? 'marker' : 'object', name: key, ...rest };
        } else {
          // Below the last slash of the prefix, as a folder is read.
          const cut = options.recursive ? 0 : place.key.lastIndexOf('/') + 1;
          for await (const entry of listObjects(connection, place, options.recursive ? '' : '/'))
            yield entry.kind === 'prefix'
              ? { kind: 'prefix', name: entry.key.slice(cut) }
              : { ...entry, kind: 'object', name: entry.key.slice(cut) };
        }
      };
      for await (const line of lines()) await tell(line, options, context);
      return exitCodes.ok;
    }),
};

async function tell(line: Line, options: OptionValues, { stdout }: Context): Promise<void> {
  if (options.json) {
    await write(stdout, `${toJson(line)}\n`);
    return;
  }
  const { kind, name, modified, size, versionId } = line;
  const time = modified === undefined ? '' : modified.slice(0, 19).replace('T', ' ');
  const amount = kind === 'object' ? sizeText(size ?? 0) : kind === 'marker' ? 'deleted' : '';
  const version = versionId === undefined ? '' : `  ${versionId}`;
  await write(stdout, `${time.padEnd(19)}  ${amount.padStart(8)}  ${printableLine(name)}${version}\n`);
}
