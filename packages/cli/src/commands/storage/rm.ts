import type { Command } from '../../grammar/command.ts';
import { exitCodes, UsageError } from '../../grammar/errors.ts';
import { toJson } from '../../output/json.ts';
import { printableLine } from '../../output/printable.ts';
import { needBucket, placesHelp, siteOptions, wholeCalls, withSites } from '../../storage/open.ts';

const atOnce = 1000;

export const rm: Command = {
  name: 'rm',
  summary: 'delete objects',
  description: `Where a bucket keeps versions, an object is hidden by a marker; --versions deletes all versions for good. Exit code 1 when something could not be deleted, such as what is locked; the rest is. ${placesHelp}`,
  arguments: [{ name: 'OBJECT', summary: 'BUCKET/KEY; with -r, BUCKET/PREFIX', many: true }],
  options: {
    recursive: { kind: 'flag', short: 'r', summary: 'Everything that begins so' },
    force: { kind: 'flag', summary: 'Needed with -r for a whole bucket' },
    versions: { kind: 'flag', summary: 'All versions and markers, for good' },
    'version-id': { kind: 'text', value: 'ID', summary: 'That version, for good' },
    'bypass-governance': { kind: 'flag', summary: 'Also what is locked in GOVERNANCE mode, where you may' },
    'dry-run': { kind: 'flag', summary: 'Say what would be deleted' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage rm uploads/cat.jpg', does: 'One object' },
    { command: 'peakstone storage rm -r --dry-run uploads/2025/', does: 'What would go' },
    { command: 'peakstone storage rm -r --force --versions scratch', does: 'All versions of a whole bucket' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async (connect, signal) => {
      const { parseRemote, deleteObjects, listObjects, listVersions } = await import(
        '@peakstone/stack/objects'
      );
      const { options } = invocation;
      const dryRun = options['dry-run'] === true;
      const headers = {
        'x-amz-bypass-governance-retention': options['bypass-governance'] ? 'true' : undefined,
      };
      const counts = { deleted: 0, failed: 0 };
      for (const text of invocation.arguments) {
        const place = needBucket(parseRemote(text));
        const { bucket, key } = place;
        if (key === '' && !(options.recursive && options.force))
          throw new UsageError(`'${text}' is a whole bucket.`, 'To delete all that is in it: -r --force');
        const connection = await connect(place.site);
        const targets = async function* (): AsyncGenerator<{ key: string; versionId?: string }> {
          if (options.versions) {
            for await (const each of listVersions(connection, place))
              if (options.recursive || each.key === key) yield { key: each.key, versionId: each.versionId };
          } else if (options.recursive) {
            for await (const each of listObjects(connection, place, '')) yield { key: each.key };
          } else {
            const version = options['version-id'];
            yield typeof version === 'string' ? { key, versionId: version } : { key };
          }
        };
        const flush = async (batch: readonly { key: string; versionId?: string }[]): Promise<void> => {
          signal.throwIfAborted();
          if (batch.length === 0) return;
          const failures = dryRun ? [] : await deleteObjects(connection, bucket, batch, headers);
          for (const { key: name, message } of failures)
            context.stderr.write(`${printableLine(`${bucket}/${name}: ${message}`)}\n`);
          const failed = new Set(failures.map(each => each.key));
          counts.failed += failures.length;
          for (const each of batch) {
            if (failed.has(each.key)) continue;
            counts.deleted++;
            if (options.json) context.stdout.write(`${toJson({ bucket, ...each, dryRun })}\n`);
            else if (dryRun) context.stdout.write(`${printableLine(`${bucket}/${each.key}`)}\n`);
          }
        };
        let batch: { key: string; versionId?: string }[] = [];
        for await (const each of targets()) {
          batch.push(each);
          if (batch.length < atOnce) continue;
          await flush(batch);
          batch = [];
        }
        await flush(batch);
      }
      const words = dryRun ? 'would be deleted' : 'deleted';
      context.stderr.write(
        `${counts.deleted} ${words}${counts.failed ? `, ${counts.failed} could not be` : ''}.\n`,
      );
      return counts.failed > 0 ? exitCodes.failure : exitCodes.ok;
    }),
};
