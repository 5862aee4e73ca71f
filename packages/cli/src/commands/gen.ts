import { type Command, stackOptions } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { dataFor } from '../output/printable.ts';
import { writeText } from '../output/writeText.ts';
import { stackOf } from '../stack.ts';

const types: Command = {
  name: 'types',
  summary: 'write types of the database’s tables, views and functions',
  description:
    'TypeScript in the shape that supabase-js takes as its Database type, or Zod schemas, from the running stack or from any PostgreSQL.',
  options: {
    lang: {
      kind: 'text',
      value: 'LANGUAGE',
      choices: ['typescript', 'zod'],
      summary: 'What to write (default typescript)',
    },
    schema: {
      kind: 'list',
      value: 'NAME',
      summary: 'A schema to include; may be repeated (default: those that the APIs serve)',
    },
    output: { kind: 'text', short: 'o', value: 'FILE', summary: 'Write to a file, not to standard output' },
    url: { kind: 'text', value: 'URL', summary: 'Another database than the stack’s: postgres://…' },
    ...stackOptions,
  },
  examples: [
    { command: 'peakstone gen types -o src/database.ts', does: 'Then: createClient<Database>(url, key)' },
    {
      command: 'peakstone gen types --schema public --lang zod',
      does: 'Schemas that check what types cannot',
    },
  ],
  run: async ({ options }, context) => {
    const { exposedSchemas, generateSource, superuserUrl } = await import('@peakstone/stack');
    const paths = await stackOf({ options }, context);
    const named = (options.schema as readonly string[] | undefined) ?? [];
    const foreign = typeof options.url === 'string' ? options.url : null;
    const text = await generateSource({
      url: foreign ?? (await superuserUrl(paths, context.env)),
      language: options.lang === 'zod' ? 'zod' : 'typescript',
      schemas: named.length > 0 || foreign !== null ? named : await exposedSchemas(paths, context.env),
    });
    if (typeof options.output !== 'string') context.stdout.write(dataFor(context.stdout, text));
    else {
      writeText(options.output, text, context.cwd);
      context.stderr.write(`Wrote ${options.output}.\n`);
    }
    return exitCodes.ok;
  },
};

export const gen: Command = {
  name: 'gen',
  summary: 'generate code from the database',
  commands: [types],
  examples: [{ command: 'peakstone gen types -o src/database.ts', does: 'Types for supabase-js' }],
};
