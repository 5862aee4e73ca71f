import { TransferError } from '../errors.ts';
import type { DumpSource, Item } from '../source/index.ts';
import { readCommand, readCopy, readValues } from './command.ts';
import { QUALIFIED, readQualified, showName } from './names.ts';

/** What a dump holds, seen before anything of it is run. */
export interface Survey {
  readonly statements: number;
  readonly items: number;
  /** Extensions and the schema that the dump has them in. */
  readonly extensions: Readonly<Record<string, string>>;
  /** Objects that it makes: `schema.name`, of relations, routines and types. */
  readonly created: ReadonlySet<string>;
  readonly tables: readonly string[];
  readonly roles: ReadonlySet<string>;
  /** Tables that it has rows of, with their columns where it names them. */
  readonly filled: ReadonlyMap<string, readonly string[]>;
  /** Whether it is known to be whole. Of one that may be cut off, nothing follows from what it does not say. */
  readonly isWhole: boolean;
  /** Whether it says anything of row security, which dumps say behind all rows. */
  readonly hasRowSecurity: boolean;
  /** Whether it says who may do what: --no-acl leaves that out. */
  readonly hasPrivileges: boolean;
  /** Roles of which it says what they may do. */
  readonly privileged: ReadonlySet<string>;
  /** Databases that the dump connects to, in order; empty for a dump of one that it does not name. */
  readonly databases: readonly string[];
  /** Which of them it is that is imported; null where none is named. */
  readonly database: string | null;
  /** Those that hold something, and are not imported. */
  readonly others: readonly string[];
  /** How names without a schema were looked up in it, as far as the dump says so. */
  readonly searchPath: readonly string[] | null;
}

export interface SurveyOptions {
  /** Which database of those that the dump connects to; null for the one that holds anything. */
  readonly database: string | null;
  readonly onProgress: (bytes: number, total: number) => void;
}

/** An identity column's own, which no other statement makes. */
const identitySequence = new RegExp(`add generated .*?sequence name (${QUALIFIED})`, 'is');

const enablesRowSecurity = /\benable\s+row\s+level\s+security\s*$/i;

/** What is gathered of one database. */
class Gathered {
  readonly extensions: Record<string, string> = {};
  readonly created = new Set<string>();
  readonly tables: string[] = [];
  readonly roles = new Set<string>();
  readonly filled = new Map<string, readonly string[]>();
  readonly privileged = new Set<string>();
  hasPrivileges = false;
  hasRowSecurity = false;
  statements = 0;
  /** By database: a dump of the whole server sets it in front of those that it is for. */
  readonly searchPaths = new Map<string, readonly string[]>();

  /** Whether there is anything in it that would be imported. */
  get holdsAnything(): boolean {
    return this.created.size > 0 || this.filled.size > 0 || Object.keys(this.extensions).length > 0;
  }

  take(item: Item): void {
    if (item.kind === 'rows') {
      const { object, columns } = readCopy(item.copy);
      this.filled.set(showName(object), columns);
      return;
    }
    if (item.kind !== 'statement') return;
    this.statements++;
    const command = readCommand(item.text);
    switch (command.kind) {
      case 'extension':
        this.extensions[command.name] = command.schema;
        break;
      case 'create role':
        this.roles.add(command.name);
        break;
      case 'relation':
        this.created.add(showName(command.object));
        if (command.what === 'table' || command.what === 'foreign table')
          this.tables.push(showName(command.object));
        break;
      case 'object':
        if (command.isNew) this.created.add(showName(command.object));
        else if (command.what === 'table') {
          this.hasRowSecurity ||= enablesRowSecurity.test(item.text);
          const sequence = identitySequence.exec(item.text)?.[1];
          if (sequence !== undefined) this.created.add(showName(readQualified(sequence)));
        }
        break;
      case 'policy':
      case 'force row security':
        this.hasRowSecurity = true;
        break;
      case 'routine':
        this.created.add(showName(command.object));
        break;
      case 'privileges':
        this.hasPrivileges = true;
        for (const role of command.roles) this.privileged.add(role);
        break;
      case 'default privileges':
        for (const role of command.roles) this.privileged.add(role);
        break;
      case 'insert':
        this.filled.set(showName(command.object), command.columns);
        break;
      case 'database setting':
        if (command.setting === 'search_path') this.searchPaths.set(command.name, readValues(command.value));
        break;
    }
  }
}

/** Goes through a dump without running anything. @throws {TransferError} where it cannot be read, or has no such database. */
export async function surveyDump(
  source: DumpSource,
  { database, onProgress }: SurveyOptions,
): Promise<Survey> {
  /** What stands before the first \connect is for all of the server. */
  const server = new Gathered();
  const databases = new Map<string, Gathered>();
  let current = server;
  let items = 0;
  for await (const item of source.items()) {
    items++;
    if (items % 500 === 0) onProgress(source.bytesRead, source.totalBytes);
    if (item.kind === 'database') {
      current = databases.get(item.name) ?? new Gathered();
      databases.set(item.name, current);
    } else current.take(item);
  }
  const chosen = chooseDatabase(databases, database);
  const parts = chosen === null ? [server] : [server, databases.get(chosen)!];
  const all = <T>(of: (part: Gathered) => Iterable<T>): T[] => parts.flatMap(part => [...of(part)]);
  const paths = new Map(all(part => part.searchPaths));
  return {
    database: chosen,
    searchPath: (chosen === null ? [...paths.values()].at(-1) : paths.get(chosen)) ?? null,
    statements: parts.reduce((sum, part) => sum + part.statements, 0),
    items,
    extensions: Object.assign({}, ...parts.map(part => part.extensions)),
    created: new Set(all(part => part.created)),
    tables: all(part => part.tables),
    roles: new Set(all(part => part.roles)),
    filled: new Map(all(part => part.filled)),
    privileged: new Set(all(part => part.privileged)),
    hasPrivileges: parts.some(part => part.hasPrivileges),
    hasRowSecurity: parts.some(part => part.hasRowSecurity),
    isWhole: source.missing.length === 0,
    databases: [...databases.keys()],
    others: [...databases].flatMap(([name, { holdsAnything }]) =>
      name !== chosen && name !== TEMPLATE && holdsAnything ? [name] : [],
    ),
  };
}

/** What new databases are copied from, of which a dump of the whole server has a part as well. */
const TEMPLATE = 'template1';

/** Where Supabase has all, and every server a database. */
const USUAL = 'postgres';

/**
 * Which database of a dump is meant: the one that was asked for, or the one that holds anything.
 * @returns null where the dump is of one database and does not name it
 * @throws {TransferError} naming those that there are
 */
function chooseDatabase(databases: ReadonlyMap<string, Gathered>, asked: string | null): string | null {
  if (databases.size === 0) return null;
  const full = [...databases].flatMap(([name, { holdsAnything }]) =>
    name !== TEMPLATE && holdsAnything ? [name] : [],
  );
  const named = full.length > 0 ? full : [...databases.keys()];
  const hint = `Choose one: --database ${named[0]}`;
  if (asked !== null) {
    if (databases.has(asked)) return asked;
    throw new TransferError(`The dump has no database ${asked}; it has ${named.join(', ')}.`, { hint });
  }
  if (full.includes(USUAL) || (full.length === 0 && databases.has(USUAL))) return USUAL;
  if (named.length === 1) return named[0]!;
  throw new TransferError(`The dump has several databases: ${named.join(', ')}.`, { hint });
}
