/**
 * What a dump says of extensions that every stack has already. pg_dump writes them with their schema and looks nothing up
 * by the search path, so that one that is elsewhere would not be found; and comments on them are their owner's to make.
 */

import { EXTENSIONS_SCHEMA as HOME } from '@peakstone/kernel/inventory';
import { quoteLiteral as literal, PgError } from '@peakstone/kernel/pg';
import { leadingComments } from '@peakstone/kernel/script';
import { CliError } from '../grammar/errors.ts';
import { printableLine } from '../output/printable.ts';
import { locationOf } from './script.ts';
import type { SqlSession } from './session.ts';
import type { Target } from './target.ts';

interface Location {
  readonly file: string | null;
  readonly line: number;
}

/** What a statement says of an extension, as far as it matters here. */
export type ExtensionStatement =
  | { readonly kind: 'create'; readonly name: string; readonly schema: string }
  | { readonly kind: 'comment'; readonly name: string };

const name = String.raw`("(?:[^"]|"")+"|[a-z_][\w$]*)`;
const creating = new RegExp(
  String.raw`^create\s+extension\s+if\s+not\s+exists\s+${name}\s+(?:with\s+)?schema\s+${name}`,
  'i',
);
const commenting = new RegExp(String.raw`^comment\s+on\s+extension\s+${name}\s+is\b`, 'i');

/** Null for every other statement. Pure. @example readExtension('create extension if not exists citext schema public') */
export function readExtension(text: string): ExtensionStatement | null {
  const body = text.slice(leadingComments(text));
  const made = creating.exec(body);
  if (made) return { kind: 'create', name: unquote(made[1]!), schema: unquote(made[2]!) };
  const commented = commenting.exec(body);
  return commented ? { kind: 'comment', name: unquote(commented[1]!) } : null;
}

function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
}

/** Makes way for what a script says of the stack's extensions. */
export class Extensions {
  readonly #administrator: () => Promise<Target>;
  readonly #stderr: NodeJS.WritableStream;

  constructor(administrator: () => Promise<Target>, stderr: NodeJS.WritableStream) {
    this.#administrator = administrator;
    this.#stderr = stderr;
  }

  /**
   * Before a statement is run; resolves with whether it shall be passed over.
   * @throws {CliError} naming line and remedy, when the extension cannot be where the script has it.
   */
  async prepare(text: string, { file, line }: Location, session: SqlSession): Promise<boolean> {
    const read = readExtension(text);
    if (read === null) return false;
    const comments = text.slice(0, leadingComments(text)).split('\n').length - 1;
    const at = { file, line: line + comments };
    const wanted = read.kind === 'create' ? read.schema : HOME;
    const [found] =
      await session.look(`select n.nspname, pg_has_role(e.extowner, 'usage'), has_schema_privilege(w.oid, 'create'), current_user
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace left join pg_namespace w on w.nspname = ${literal(wanted)}
      where e.extname = ${literal(read.name)}`);
    if (!found) return false;
    const [schema, isOwner, mayCreate, owner] = found;
    if (read.kind === 'comment') {
      if (isOwner === 't') return false;
      this.#say(at, `passed over: extension ${read.name} is the administrator's to comment on.`);
      return true;
    }
    // Only to where whoever runs the script could put things anyway.
    if (schema === HOME && wanted !== HOME && mayCreate === 't')
      await this.#move(read, at, session.database, owner!);
    return false;
  }

  /** What uses it by object, such as columns and indexes, goes along; what names the old place in a text would not. */
  async #move(
    { name: extension, schema }: { readonly name: string; readonly schema: string },
    at: Location,
    database: string,
    owner: string,
  ): Promise<void> {
    const here = locationOf(at);
    // What the script says then is that it is there already.
    const stays = (why: string): void =>
      this.#say(at, `extension ${extension} stays in schema ${HOME}, not in ${schema}: ${why}.`);
    const { planExtensionMove } = await import('@peakstone/stack');
    const move = await planExtensionMove(extension, schema, owner);
    if ('refusal' in move) return stays(move.refusal);
    const client = await (await this.#administrator()).connect(database, () => undefined);
    try {
      const [looked] = await client
        .script(`set search_path = pg_catalog, pg_temp; set lock_timeout = '10s'; ${namedAtHome(extension)}`)
        .then(results => results.slice(-1));
      const users = looked!.rows.map(([cell]) => String(cell)).join(', ');
      if (users !== '')
        throw new CliError(
          `${here}: extension ${extension} is in schema ${HOME}, where these functions name it: ${users}.`,
          { hint: `Write ${HOME} for ${schema} in the script, or drop these functions first.` },
        );
      await client.script(move.statement);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      if (error.code === '42501') return stays(error.message);
      throw new CliError(
        `${here}: extension ${extension} stays in schema ${HOME}, not in ${schema} as the script has it: ${error.message}.`,
        { hint: `Write ${HOME} for ${schema} where the script names what is in it.`, cause: error },
      );
    } finally {
      client.close();
    }
    this.#say(
      at,
      `extension ${extension} moved from schema ${HOME} to ${schema}. Where an API serves ${schema}, the next start moves it back, with what uses it, unless a function names it there.`,
    );
  }

  #say(at: Location, what: string): void {
    this.#stderr.write(`${locationOf(at)}: ${printableLine(what)}\n`);
  }
}

/** Functions whose text finds the extension in its present schema, and would not elsewhere. */
function namedAtHome(extension: string): string {
  return `with member (name) as (
      select p.proname from pg_depend d join pg_extension e on e.oid = d.refobjid join pg_proc p on p.oid = d.objid
      where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_proc'::regclass and d.deptype = 'e' and e.extname = ${literal(extension)}
      union select t.typname from pg_depend d join pg_extension e on e.oid = d.refobjid join pg_type t on t.oid = d.objid
      where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_type'::regclass and d.deptype = 'e' and e.extname = ${literal(extension)}
    )
    select p.oid::regprocedure from pg_proc p join pg_language l on l.oid = p.prolang and l.lanname not in ('c', 'internal')
    where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      and p.prosrc ~* ('\\m${HOME}"?\\s*\\.\\s*"?(' || (select string_agg(name, '|') from member) || ')\\M')
    order by 1`;
}
