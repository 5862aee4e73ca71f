/** A user's project folder as text: what `peakstone init` writes. Pure. */
import { describeFile, renderSums, sumFile, sumFolder } from '@peakstone/migrate';

export interface ProjectFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
  /** Default 0644. */
  readonly mode?: number;
}

/** What a folder that was made for another stack says, in our terms. */
export interface Found {
  /** `Supabase`. */
  readonly title: string;
  readonly schemas?: readonly string[];
  /** Settings for `.env`, where there is none yet. */
  readonly env: Readonly<Record<string, string>>;
  /** What the user does with the rest; commands are named `peakstone …`. */
  readonly notes: readonly string[];
}

export interface ProjectOptions {
  readonly name: string;
  readonly found?: Found | undefined;
  /** The folder that its migrations are in, where it has some. */
  readonly migrations?: string | undefined;
  /** Of our examples, copied beside these files. */
  readonly example?: string | undefined;
  /** Those that the example is in. */
  readonly exampleSchemas?: readonly string[] | undefined;
}

/** A project made from nothing has a first table to look at; one that was found has its own. */
export function planProject({
  name,
  found,
  migrations = 'migrations',
  example,
  exampleSchemas,
}: ProjectOptions): readonly ProjectFile[] {
  const isBare = found === undefined && example === undefined;
  return [
    { path: 'peakstone.config.ts', text: renderConfig(found?.schemas ?? exampleSchemas ?? ['public']) },
    ...(isBare
      ? [
          { path: FIRST_MIGRATION, text: firstMigration },
          { path: `migrations/${sumFile}`, text: firstSums },
          { path: 'seed.sql', text: seed },
        ]
      : [
          { path: 'migrations/.gitkeep', text: '' },
          { path: 'seed.sql', text: '-- Rows to develop with.\n' },
        ]),
    ...(found !== undefined && Object.keys(found.env).length > 0
      ? [{ path: '.env', text: renderEnv(found), mode: 0o600 }]
      : []),
    { path: '.gitignore', text: 'node_modules/\n.env\n.peakstone/\n' },
    {
      path: 'README.md',
      text: renderReadme(name, commandsFor({ isBare, example }), found?.notes ?? [], migrations),
    },
  ];
}

const FIRST_MIGRATION = 'migrations/0001_notes.sql';

function renderConfig(names: readonly string[]): string {
  const schemas = names.map(schema => `'${schema}'`).join(', ');
  return `import { defineConfig } from '@peakstone/stack';

export default defineConfig({
  // The schemas that the APIs serve. Everything else in the database stays inside it.
  schemas: [${schemas}],
  // What is not needed is left out, here and in production.
  // services: { graphql: false, images: false },
});
`;
}

const firstMigration = `-- A first table, and who may do what with it. REST and GraphQL serve it as soon as it is there.
create table public.notes (
  id bigint generated always as identity primary key,
  owner uuid default auth.uid(),
  text text not null,
  is_public boolean not null default false,
  created_at timestamptz not null default now()
);

-- Without a policy nobody but the table's owner sees or changes a row.
alter table public.notes enable row level security;

create policy "everyone reads public notes" on public.notes
  for select to web_anon, app_user using (is_public);

-- auth.uid() is the "sub" of the request's token.
create policy "users do as they like with their own" on public.notes
  for all to app_user using (owner = auth.uid()) with check (owner = auth.uid());
`;

const firstSums = renderSums(sumFolder([describeFile('0001_notes.sql', Buffer.from(firstMigration))]));

const seed = `-- Rows to develop with.
insert into public.notes (owner, text, is_public) values
  (null, 'Hello from PostgreSQL', true),
  ('00000000-0000-4000-8000-000000000001', 'Only its owner reads this', false);
`;

function renderEnv({ title, env }: Found): string {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return `# From ${title}. The first start adds every secret.\n${lines.join('\n')}\n`;
}

/** What to type next, in order. */
export function commandsFor({
  isBare,
  example,
}: {
  readonly isBare: boolean;
  readonly example?: string | undefined;
}): string[] {
  if (example !== undefined) return [`peakstone up --detach --example ${example}`];
  const load = isBare ? ['peakstone sql -f seed.sql'] : [];
  return ['peakstone up --detach', ...load];
}

function renderReadme(
  name: string,
  commands: readonly string[],
  notes: readonly string[],
  migrations: string,
): string {
  const open = notes.length === 0 ? '' : `\n## Still to do\n\n${notes.map(note => `- ${note}`).join('\n')}\n`;
  return `# ${name}

A backend on PeakStone: PostgreSQL 17, REST and GraphQL over its row-level security, S3 and pictures, behind one gateway.

\`\`\`sh
${commands.join('\n')}
peakstone status                    # what runs, and where: at the gateway REST is /rest/v1, GraphQL /v1/graphql, pictures /img
peakstone secrets jwt anon          # the key for clients; --help tells of others
peakstone down
\`\`\`

| | |
|---|---|
| \`peakstone.config.ts\` | which schemas the APIs serve, which services there are, who serves what in production |
| \`${migrations}/\` | the schema, one file of SQL a change, in the order of their names; \`peakstone up\` and \`peakstone migrate apply\` apply what is new |
| \`seed.sql\` | rows to develop with |
| \`.env\` | made by the first start: every secret, readable by you alone; not for git |
| \`.peakstone/\` | the data; not for git |
${open}`;
}
