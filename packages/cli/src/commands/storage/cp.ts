import type { Command, OptionValues } from '../../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../../grammar/errors.ts';
import type { Interruption } from '../../interrupt.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { placesHelp, siteOptions, withSites } from '../../storage/open.ts';
import { sizeText } from '../../storage/size.ts';
import { TransferProgress } from '../../transfer/progress.ts';

export const cp: Command = {
  name: 'cp',
  summary: 'copy files to objects, objects to files, and objects to objects',
  description: [
    'Large ones go in parts, several at a time; every piece is verified by its digest. A target that ends with a slash, or of several sources, is a folder. With -r, DIR/ is what is in a folder and DIR the folder itself.',
    'A file appears under its name when all of it is there. --continue passes over what is there already and goes on with what was broken off. Exit code 1 when something could not be copied; the rest is.',
    placesHelp,
  ].join('\n\n'),
  arguments: [
    {
      name: 'SOURCE',
      summary: 'a file, a folder, s3://BUCKET/KEY, ALIAS:BUCKET/KEY, https://…; - is standard input',
    },
    { name: 'TARGET', summary: 'the same; - is standard output. Of several places the last', many: true },
  ],
  options: {
    recursive: { kind: 'flag', short: 'r', summary: 'Everything in a folder, or below a prefix' },
    continue: {
      kind: 'flag',
      short: 'c',
      summary: 'Pass over what is there already, and go on with what was broken off',
    },
    attr: {
      kind: 'list',
      value: 'NAME=VALUE',
      summary: 'A header (Cache-Control=…, Content-Type=…) or metadata of the new objects. May be repeated',
    },
    tags: { kind: 'text', value: 'TAGS', summary: 'Tags of the new objects: a=1&b=2' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage cp cat.jpg s3://uploads/pets/', does: 'A file' },
    { command: 'peakstone storage cp -r ./public/ s3://site', does: 'What is in a folder' },
    {
      command: 'peakstone storage cp -rc minio:photos/ s3://photos',
      does: 'From another server, and on where it was',
    },
    { command: 'pg_dump … | peakstone storage cp - s3://backups/db.dump', does: 'A stream of any length' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, interruptionOf(invocation.options), async (connect, signal) => {
      const { parseLocation, transfer } = await import('@peakstone/stack/objects');
      const { resolve } = await import('node:path');
      const { options } = invocation;
      const { stdout, stdin } = context;
      const ends = await Promise.all(
        invocation.arguments.map(async text => {
          const place = parseLocation(text);
          if (place.kind === 's3')
            return {
              kind: 's3',
              connection: await connect(place.site),
              bucket: place.bucket,
              key: place.key,
            } as const;
          if (place.kind === 'stream') return place;
          // What it ends with says whether it is a folder or what is in it.
          const path = resolve(context.cwd, place.path) + (/[/\\]$/.test(place.path) ? '/' : '');
          return { kind: 'file', path } as const;
        }),
      );
      const target = ends.pop()!;
      if (ends.length === 0) throw new UsageError('Name a source and a target.', 'cp SOURCE… TARGET');
      const { cat } = await import('./cat.ts');
      if (target.kind === 'stream')
        return await cat.run!({ ...invocation, arguments: invocation.arguments.slice(0, -1) }, context);
      const progress = new TransferProgress(context);
      const counts = { objects: 0, skipped: 0, bytes: 0, found: 0, failed: 0 };
      const show = (): void => {
        const share = counts.found === 0 ? null : counts.bytes / counts.found;
        progress.show('cp', share, `${counts.objects} copied, ${sizeText(counts.bytes)}`);
      };
      try {
        await transfer({
          sources: ends,
          target,
          recursive: options.recursive === true,
          resume: options.continue === true,
          headers: headersOf(options),
          stdin: stdin as AsyncIterable<Buffer>,
          signal,
          onObject: moved => {
            if (moved.skipped) counts.skipped++;
            else counts.objects++;
            if (options.json) stdout.write(`${toJson(moved)}\n`);
            show();
          },
          onFailure: (source, error) => {
            counts.failed++;
            progress.close();
            context.stderr.write(`${printableLine(source)}: ${printableLine(error.message)} ${error.hint}\n`);
          },
          onBytes: bytes => {
            counts.bytes += bytes;
            show();
          },
          onFound: bytes => {
            counts.found += bytes;
          },
        });
      } finally {
        progress.close();
      }
      const { objects, skipped, failed, bytes } = counts;
      const were = skipped === 0 ? '' : `, ${skipped} were there already`;
      context.stderr.write(
        `${objects} copied, ${sizeText(bytes)}${were}${failed ? `, ${failed} failed` : ''}.\n`,
      );
      return failed > 0 ? exitCodes.failure : exitCodes.ok;
    }),
};

function interruptionOf(options: OptionValues): Interruption {
  return options.continue
    ? {
        cancelled: 'What was copied is there; the same command goes on with the rest.',
        again: 'The same command goes on from there.',
      }
    : {
        cancelled: 'What was copied is there, and no half of anything. To go on with the rest: --continue',
        again:
          'What was copied is there. Unfinished uploads may be left: rb --force and lifecycle rules remove them.',
      };
}

const standardHeaders = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-storage-class',
  'x-amz-acl',
]);

/** Of the objects to be made. @throws {UsageError} */
function headersOf({ attr, tags }: OptionValues): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of (attr as readonly string[] | undefined) ?? []) {
    const [, name, value] = /^([\w-]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined) throw new UsageError(`--attr takes NAME=VALUE, not '${pair}'.`);
    const lower = name.toLowerCase();
    headers[standardHeaders.has(lower) || lower.startsWith('x-amz-meta-') ? lower : `x-amz-meta-${lower}`] =
      value!;
  }
  if (typeof tags === 'string') {
    if (!/^[^=&]+=[^=&]*(&[^=&]+=[^=&]*)*$/.test(tags))
      throw new CliError(`--tags takes a=1&b=2, not '${tags}'.`, { exitCode: exitCodes.usage });
    headers['x-amz-tagging'] = tags;
  }
  return headers;
}
