import { TransferError } from '../errors.ts';
import type { ImportFilter } from './filter.ts';
import { OWN_TABLES, SKELETON } from './platform.ts';

const MAX_NAMED = 5;
const UNDO =
  'If they are of the import that was given up, this removes what it made, and no more: peakstone import abandon --undo';
const BUCKETS = 'storage.buckets';
const OBJECTS = 'storage.objects';

/**
 * Refuses before anything is changed what could only fail half-way.
 * @param isAfterGivenUp Whether what an import made that was given up may be in the way.
 * @param hasRows Whether a table of the database holds any.
 * @returns tables of the bootstrap that make way for the dump's own.
 * @throws {TransferError} naming what is in the way and what to do.
 */
export async function checkImport(
  filter: ImportFilter,
  isAfterGivenUp: boolean,
  hasRows: (table: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const { world, survey } = filter;
  if (survey.items === 0 || (survey.statements === 0 && survey.filled.size === 0))
    throw new TransferError('The dump holds nothing.');
  if (survey.database !== null && survey.created.size + survey.filled.size + survey.roles.size === 0)
    throw new TransferError(`The database ${survey.database} holds nothing in this dump.`);
  // What is left out is in nobody's way, and cron's tables are filled as they are.
  const comes = (table: string): boolean =>
    filter.leftSchema(schemaOf(table)) === null && schemaOf(table) !== 'cron' && !OWN_TABLES.includes(table);
  const isThere = (name: string): boolean => name in world.relations;
  // They refer to one another, so those of a schema make way together.
  const brought = new Set(SKELETON.filter(name => survey.created.has(name)).map(schemaOf));
  const replaced = SKELETON.filter(name => isThere(name) && brought.has(schemaOf(name)));
  const inTheWay = survey.tables.filter(name => isThere(name) && !replaced.includes(name) && comes(name));
  if (inTheWay.length > 0)
    throw new TransferError(
      `${several(inTheWay)} ${inTheWay.length === 1 ? 'is' : 'are'} in the database already.`,
      {
        hint: isAfterGivenUp
          ? UNDO
          : `Import into an empty database: drop what is there (peakstone sql 'drop table ${inTheWay[0]}', for the example that init makes), or use a stack of its own in another folder.`,
      },
    );
  const full: string[] = [];
  for (const table of new Set([...replaced, ...survey.filled.keys()])) {
    // Rows of buckets alone are the object storage's own, which makes them again.
    const isMadeAgain = table === BUCKETS && replaced.includes(table) && !(await hasRows(OBJECTS));
    if (isThere(table) && comes(table) && !isMadeAgain && (await hasRows(table))) full.push(table);
  }
  if (full.length > 0)
    throw new TransferError(
      `${several(full)} ${full.length === 1 ? 'holds' : 'hold'} rows already, which those of the dump would meet.`,
      {
        hint: isAfterGivenUp
          ? UNDO
          : 'Import into an empty database: empty the tables, or start a stack of its own in another folder (peakstone init).',
      },
    );
  if (survey.filled.has('auth.users') && !survey.created.has('auth.users') && !isThere('auth.users'))
    throw new TransferError(
      'The dump has rows of auth.users, but not the table, as the Supabase CLI’s dumps do.',
      {
        hint: 'Let the stack make it: DATABASE_SUPABASE=full in .env, then peakstone restart; or dump the whole database with pg_dump.',
      },
    );
  return replaced;
}

function schemaOf(table: string): string {
  return table.split('.')[0]!;
}

function several(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(', ');
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}
