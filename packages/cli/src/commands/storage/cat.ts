import type { Command } from '../../grammar/command.ts';
import { closedPipe, exitCodes } from '../../grammar/errors.ts';
import { dataFor } from '../../output/printable.ts';
import { write } from '../../sql/streams.ts';
import { needKey, placesHelp, siteOptions, wholeCalls, withSites } from '../../storage/open.ts';

export const cat: Command = {
  name: 'cat',
  summary: 'write objects to standard output',
  description: placesHelp,
  arguments: [
    { name: 'OBJECT', summary: 'BUCKET/KEY, ALIAS:BUCKET/KEY or https://HOST/BUCKET/KEY', many: true },
  ],
  options: {
    'version-id': { kind: 'text', value: 'ID', summary: 'That version, not the newest' },
    ...siteOptions,
  },
  examples: [
    { command: 'peakstone storage cat uploads/notes.txt', does: 'One object' },
    { command: 'peakstone storage cat logs/a.gz logs/b.gz | gunzip', does: 'Several, one after the other' },
  ],
  run: async (invocation, context) =>
    await withSites(invocation, context, wholeCalls, async (connect, signal) => {
      const { parseRemote, getObject, ClientError } = await import('@peakstone/stack/objects');
      const version = invocation.options['version-id'];
      const versionId = typeof version === 'string' ? version : undefined;
      const { stdout } = context;
      let isClosed = false;
      const onClosed = (): void => {
        isClosed = true;
      };
      stdout.on('error', onClosed);
      try {
        for (const text of invocation.arguments) {
          const place = needKey(parseRemote(text));
          const { body, headers } = await getObject(await connect(place.site), place, { versionId });
          let bytes = 0;
          for await (const piece of body as AsyncIterable<Buffer>) {
            signal.throwIfAborted();
            bytes += piece.length;
            await write(stdout, dataFor(stdout, piece));
            if (isClosed) return closedPipe;
          }
          if (bytes !== Number(headers['content-length']))
            throw new ClientError('Damaged', 200, `${text} came short.`, 'Run the command again.');
        }
        return exitCodes.ok;
      } finally {
        stdout.off('error', onClosed);
      }
    }),
};
