import type { Command } from '../../grammar/command.ts';
import { CliError, exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { needKey, placesHelp, siteOptions, wholeCalls, withSites } from '../../storage/open.ts';
import { sizeText } from '../../storage/size.ts';

const nameWidth = 14;

export const stat: Command = {
  name: 'stat',
  summary: 'say what is told of objects: size, times, type, metadata, locks',
  description: placesHelp,
  arguments: [
    { name: 'OBJECT', summary: 'BUCKET/KEY, ALIAS:BUCKET/KEY or https://HOST/BUCKET/KEY', many: true },
  ],
  options: {
    'version-id': { kind: 'text', value: 'ID', summary: 'That version, not the newest' },
    ...siteOptions,
  },
  examples: [{ command: 'peakstone storage stat uploads/cat.jpg', does: 'One object' }],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async connect => {
      const { parseRemote, headObject, unquote } = await import('@peakstone/stack/objects');
      const version = invocation.options['version-id'];
      for (const text of invocation.arguments) {
        const place = needKey(parseRemote(text));
        const connection = await connect(place.site);
        const head = await headObject(connection, place, typeof version === 'string' ? version : undefined);
        if (head === undefined)
          throw new CliError(`There is no object ${text}.`, {
            hint: `See what there is: peakstone storage ls ${place.bucket}/`,
          });
        const { headers } = head;
        const told = {
          bucket: place.bucket,
          key: place.key,
          size: Number(headers['content-length']),
          modified: new Date(String(headers['last-modified'])).toISOString(),
          etag: unquote(headers.etag),
          contentType: headers['content-type'],
          versionId: headers['x-amz-version-id'],
          headers: startingWith(
            headers,
            /^(?:cache-control|content-(?:disposition|encoding|language)|expires)$/,
          ),
          metadata: startingWith(headers, /^x-amz-meta-/),
          more: startingWith(headers, /^x-amz-(?!meta-|version-id|request-id|id-2)/),
        };
        if (invocation.options.json) context.stdout.write(`${toJson(told)}\n`);
        else context.stdout.write(`${render(told)}\n`);
      }
      return exitCodes.ok;
    }),
};

function startingWith(headers: object, pattern: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => pattern.test(name))
      .map(([name, value]) => [name.replace(/^x-amz-meta-/, ''), String(value)]),
  );
}

function render({
  bucket,
  key,
  size,
  headers,
  metadata,
  more,
  ...rest
}: Readonly<Record<string, unknown>>): string {
  const lines: [string, unknown][] = [
    ['Name', `${bucket}/${key}`],
    ['Size', `${sizeText(Number(size))} (${size} bytes)`],
    ['Modified', rest.modified],
    ['ETag', rest.etag],
    ['Type', rest.contentType],
    ['Version', rest.versionId],
    ...Object.entries(headers as object),
    ...Object.entries(more as object).map(([name, value]): [string, unknown] => [name.slice(6), value]),
    ...Object.entries(metadata as object).map(([name, value]): [string, unknown] => [`meta ${name}`, value]),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(nameWidth)} ${printableLine(String(value))}`)
    .join('\n');
}
