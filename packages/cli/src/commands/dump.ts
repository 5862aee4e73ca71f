import { type Command, stackOptions } from '../grammar/command.ts';
import { closedPipe, exitCodes, UsageError } from '../grammar/errors.ts';
import type { Interruption } from '../interrupt.ts';
import { dataFor, printableLine } from '../output/printable.ts';
import { stackOf } from '../stack.ts';

export const dump: Command = {
  name: 'dump',
  summary: 'write the database as SQL, which psql and every other client can restore',
  description: [
    'All of it in one snapshot, while it is in use: schema, rows, owners, privileges. Into another stack it goes by peakstone import postgres, whole or in part: a stack has roles, schemas and defaults of its own, which a plain restore would meet. Into an empty database it goes by psql -f. A part (of some tables or schemas, or rows alone) begins with a look at what it needs: peakstone sql -f says at once what is missing or in the way, and brings it in whole or not at all. It holds no roles, which are the server’s. Without names of files it goes to standard output.',
    'No client program of PostgreSQL is needed; a pg_dump of version 17 on this machine writes dumps of everything where there is one, unless --builtin is given. What a database can hold and the built-in dump cannot is named, with exit code 1.',
  ].join('\n\n'),
  options: {
    file: { kind: 'text', short: 'f', value: 'FILE', summary: 'Write to a file, which only you may read' },
    'schema-only': { kind: 'flag', summary: 'No rows' },
    'data-only': { kind: 'flag', summary: 'Rows alone' },
    schema: {
      kind: 'list',
      short: 'n',
      value: 'NAME',
      summary: 'Only this schema; * and ? stand for others. May be repeated',
    },
    'exclude-schema': { kind: 'list', value: 'NAME', summary: 'All but this schema' },
    table: {
      kind: 'list',
      short: 't',
      value: 'NAME',
      summary: 'Only this table, with what belongs to it: films, public.films',
    },
    'exclude-table': { kind: 'list', value: 'NAME', summary: 'All but this table' },
    clean: { kind: 'flag', summary: 'Drop what is there before it is made' },
    'no-owner': { kind: 'flag', summary: 'Leave out whose everything is' },
    'no-privileges': { kind: 'flag', summary: 'Leave out who may do what' },
    builtin: { kind: 'flag', summary: 'Use no pg_dump of this machine' },
    url: { kind: 'text', value: 'URL', summary: 'Another database than the stack’s: postgres://…' },
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone dump -f backup.sql', does: 'Everything' },
    { command: 'peakstone dump --schema-only -n public', does: 'What the application’s schema looks like' },
    { command: 'peakstone dump --data-only -t films | gzip > films.sql.gz', does: 'One table’s rows' },
  ],
  run: async ({ options }, context) => {
    if (options['schema-only'] && options['data-only'])
      throw new UsageError('--schema-only and --data-only exclude each other.');
    const { dumpStack, OMISSION_WORDS } = await import('@peakstone/stack');
    const { TransferProgress } = await import('../transfer/progress.ts');
    const { interruptible } = await import('../interrupt.ts');
    const { warnOfPassword } = await import('../transfer/address.ts');
    const { write } = await import('../sql/streams.ts');
    const { resolve } = await import('node:path');
    const paths = await stackOf({ options }, context);
    if (typeof options.url === 'string') warnOfPassword([options.url], context);
    const list = (name: string): readonly string[] => (options[name] as readonly string[] | undefined) ?? [];
    const file = typeof options.file === 'string' && options.file !== '-' ? options.file : null;
    const progress = new TransferProgress(context);
    // A letter may begin in one part and end in the next.
    const decoder = new TextDecoder();
    const texts = (part: string | Buffer): string | Buffer =>
      context.stdout.isTTY && typeof part !== 'string' ? decoder.decode(part, { stream: true }) : part;
    const broken = new AbortController();
    const onBroken = (error: NodeJS.ErrnoException): void => broken.abort(error);
    context.stdout.on('error', onBroken);
    const dumpIt = async (signal: AbortSignal): Promise<number> => {
      try {
        const report = await dumpStack(paths, context.env, {
          selection: {
            schemas: list('schema'),
            excludedSchemas: list('exclude-schema'),
            tables: list('table'),
            excludedTables: list('exclude-table'),
          },
          ...(options['schema-only'] && { content: 'schema' as const }),
          ...(options['data-only'] && { content: 'data' as const }),
          owners: options['no-owner'] !== true,
          privileges: options['no-privileges'] !== true,
          clean: options.clean === true,
          builtin: options.builtin === true,
          url: typeof options.url === 'string' ? options.url : undefined,
          file: file === null ? null : resolve(context.cwd, file),
          write: part => write(context.stdout, dataFor(context.stdout, texts(part))),
          onProgram: program => {
            if (program !== null) context.stderr.write(`By ${program}.\n`);
          },
          onProgress: ({ share, text }) => {
            // To a terminal, what is dumped is its own progress.
            if (file !== null || !context.stdout.isTTY) progress.show('dump', share, text);
          },
          signal: AbortSignal.any([signal, broken.signal]),
        });
        progress.close();
        if (file !== null)
          context.stderr.write(
            report === null
              ? `Wrote ${file}.\n`
              : `Wrote ${file}: ${report.rows} rows of ${report.tables} tables.\n`,
          );
        if (report === null || report.omitted.length === 0) return exitCodes.ok;
        for (const [why, left] of Map.groupBy(report.omitted, ({ why }) => why)) {
          const names = left.map(({ what }) => what).join(', ');
          const { why: reason, remedy } = OMISSION_WORDS[why];
          context.stderr.write(`Not in it, as ${reason}: ${printableLine(names)}. ${remedy}\n`);
        }
        // What is said of the database itself is no part of any dump of its contents.
        return report.omitted.every(({ why }) => why === 'database') ? exitCodes.ok : exitCodes.failure;
      } catch (error) {
        if (!broken.signal.aborted || signal.aborted) throw error;
        const { reason } = broken.signal;
        if ((reason as NodeJS.ErrnoException).code === 'EPIPE') return closedPipe;
        throw reason;
      } finally {
        progress.close();
        context.stdout.off('error', onBroken);
      }
    };
    return await interruptible(context, file === null ? ofOutput : ofFile, dumpIt);
  },
};

const ofFile: Interruption = {
  cancelled: 'The file was not written.',
  again: 'The file was not written; what there was of it is beside it, with .part- in its name.',
};
const ofOutput: Interruption = {
  cancelled: 'What was written so far is no whole dump.',
  again: 'What was written so far is no whole dump.',
};
