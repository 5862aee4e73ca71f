import { PLATFORM_ROLES, SUPABASE_REQUEST_ROLES, schemasWith } from '@peakstone/kernel/inventory';
import type { PgErrorFields } from '@peakstone/kernel/pg';

interface Remedy {
  readonly code: string;
  readonly message: RegExp;
  readonly hint: (script: string, named: string) => string;
}

const asAdministrator = (script: string): string =>
  `This is the administrator's to do, as db_migrator may not: run it with --superuser (peakstone sql --superuser${script}), or leave the line out.`;

/** What Supabase's SQL expects to be there. */
const supabase = `(?:${schemasWith('supabase').join('|')})`;
const supabaseRoles = [
  ...SUPABASE_REQUEST_ROLES,
  ...PLATFORM_ROLES.filter(({ isNamed }) => isNamed).map(({ name }) => name),
].join('|');
const isSupabases =
  'That is Supabase’s. The setting supabase gives what its SQL expects: in peakstone.config.ts, supabase: "full", then peakstone down and peakstone up.';

/** What the stack knows to do about a refusal, where the server does not. */
const remedies: readonly Remedy[] = [
  {
    code: '0A000',
    message: /^extension ".*" is not available$/,
    hint: () =>
      'It is not part of this server. Leave the line out, or run a PostgreSQL that has it: DATABASE_ENGINE=system, or the URL of a server that is there.',
  },
  {
    code: '42501',
    message: /^permission denied to set role "((?!postgres").+)"$/,
    hint: (_script, role) =>
      `To act as it: peakstone sql --role ${role}, and with --claims '{"sub": "…"}' as a token’s owner.`,
  },
  {
    code: '42P01',
    message: new RegExp(`^relation "${supabase}\\.[^"]+" does not exist$`),
    hint: () => isSupabases,
  },
  {
    code: '42883',
    message: new RegExp(`^function ${supabase}\\..+ does not exist$`),
    hint: () => isSupabases,
  },
  { code: '3F000', message: new RegExp(`^schema "${supabase}" does not exist$`), hint: () => isSupabases },
  {
    code: '42704',
    message: new RegExp(
      `^(?:publication "supabase_realtime"|role "(?:${supabaseRoles}|supabase_\\w+)") does not exist$`,
    ),
    hint: () => isSupabases,
  },
  {
    code: '42501',
    message:
      /^(?:permission denied to |must be (?:superuser|owner of|able to SET ROLE)|only (?:superusers?|roles with) )/,
    hint: asAdministrator,
  },
  {
    code: '42501',
    message: /^permission denied for (?:foreign-data wrapper|language|database) /,
    hint: asAdministrator,
  },
];

/**
 * The error with the stack's own hint in the place of the server's; of what others than db_migrator may not, the server
 * says all there is. Pure.
 */
export function withRemedy(fields: PgErrorFields, role: string, file: string | null): PgErrorFields {
  const remedy = remedies.find(({ code, message }) => fields.code === code && message.test(fields.message));
  const named = remedy?.message.exec(fields.message)?.[1] ?? '';
  if (!remedy || (remedy.code === '42501' && role !== 'db_migrator')) return fields;
  return { ...fields, hint: remedy.hint(file === null ? '' : ` -f ${file}`, named) };
}
