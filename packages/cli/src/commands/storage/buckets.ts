import type { Command } from '../../grammar/command.ts';
import { exitCodes } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { needBucket, placesHelp, siteOptions, wholeCalls, withSites } from '../../storage/open.ts';

const bucketArgument = {
  name: 'BUCKET',
  summary: 'BUCKET, ALIAS:BUCKET or https://HOST/BUCKET',
  many: true,
} as const;

export const mb: Command = {
  name: 'mb',
  summary: 'make buckets',
  description: placesHelp,
  arguments: [bucketArgument],
  options: {
    versioned: { kind: 'flag', summary: 'Keep every version of every object' },
    'with-lock': {
      kind: 'flag',
      summary: 'Let objects be locked against deletion, for which versions are kept',
    },
    'ignore-existing': { kind: 'flag', short: 'p', summary: 'Be content with a bucket that is there' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage mb photos', does: 'In the running stack' },
    { command: 'peakstone storage mb --versioned backups:archive', does: 'On another server, with versions' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async connect => {
      const { parseRemote, ClientError, makeBucket, setVersioning } = await import(
        '@peakstone/stack/objects'
      );
      const { options } = invocation;
      for (const text of invocation.arguments) {
        const place = needBucket(parseRemote(text));
        const connection = await connect(place.site);
        let made = true;
        try {
          await makeBucket(connection, place.bucket, options['with-lock'] === true);
        } catch (error) {
          const isThere = error instanceof ClientError && error.code.startsWith('BucketAlready');
          if (!isThere || !options['ignore-existing']) throw error;
          made = false;
        }
        if (options.versioned) await setVersioning(connection, place.bucket, 'Enabled');
        if (options.json) context.stdout.write(`${toJson({ bucket: place.bucket, made })}\n`);
        else
          context.stderr.write(`${printableLine(place.bucket)} ${made ? 'is made' : 'is there already'}.\n`);
      }
      return exitCodes.ok;
    }),
};

export const rb: Command = {
  name: 'rb',
  summary: 'remove buckets',
  description: `A bucket that holds objects stays, unless --force is given: then all versions of all objects go first, except what is locked. ${placesHelp}`,
  arguments: [bucketArgument],
  options: {
    force: { kind: 'flag', summary: 'Remove all objects and versions in it first; cannot be undone' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage rb photos', does: 'One that is empty' },
    { command: 'peakstone storage rb --force scratch', does: 'With all that it holds' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async (connect, signal) => {
      const { parseRemote, dropBucket, emptyBucket } = await import('@peakstone/stack/objects');
      const { options } = invocation;
      for (const text of invocation.arguments) {
        const place = needBucket(parseRemote(text));
        const connection = await connect(place.site);
        const removed = options.force ? await emptyBucket(connection, place.bucket, signal) : 0;
        await dropBucket(connection, place.bucket);
        if (options.json)
          context.stdout.write(`${toJson({ bucket: place.bucket, versionsRemoved: removed })}\n`);
        else context.stderr.write(`${printableLine(place.bucket)} is removed.\n`);
      }
      return exitCodes.ok;
    }),
};
