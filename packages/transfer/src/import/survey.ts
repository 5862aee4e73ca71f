import type { DumpSource } from '../source/index.ts';
import { readCommand, readCopy } from './command.ts';
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
  /** Databases that a pg_dumpall holds, in order; empty for a dump of one. */
  readonly databases: readonly string[];
}

export interface SurveyOptions {
  /** Which database of a pg_dumpall. */
  readonly database: string;
  readonly onProgress: (bytes: number, total: number) => void;
}

/** An identity column's own, which no other statement makes. */
const identitySequence = new RegExp(`add generated .*?sequence name (${QUALIFIED})`, 'is');

const enablesRowSecurity = /\benable\s+row\s+level\s+security\s*$/i;

/** Goes through a dump without running anything. @throws {TransferError} where it cannot be read. */
export async function surveyDump(
  source: DumpSource,
  { database, onProgress }: SurveyOptions,
): Promise<Survey> {
  const extensions: Record<string, string> = {};
  const created = new Set<string>();
  const tables: string[] = [];
  const roles = new Set<string>();
  const filled = new Map<string, readonly string[]>();
  const databases: string[] = [];
  const privileged = new Set<string>();
  let hasPrivileges = false;
  let hasRowSecurity = false;
  let items = 0;
  let statements = 0;
  let isWanted = true;
  for await (const item of source.items()) {
    items++;
    if (items % 500 === 0) onProgress(source.bytesRead, source.totalBytes);
    if (item.kind === 'database') {
      if (!databases.includes(item.name)) databases.push(item.name);
      isWanted = item.name === database;
      continue;
    }
    if (!isWanted) continue;
    if (item.kind === 'rows') {
      const { object, columns } = readCopy(item.copy);
      filled.set(showName(object), columns);
      continue;
    }
    if (item.kind !== 'statement') continue;
    statements++;
    const command = readCommand(item.text);
    switch (command.kind) {
      case 'extension':
        extensions[command.name] = command.schema;
        break;
      case 'create role':
        roles.add(command.name);
        break;
      case 'relation':
        created.add(showName(command.object));
        if (command.what === 'table' || command.what === 'foreign table')
          tables.push(showName(command.object));
        break;
      case 'object':
        if (command.isNew) created.add(showName(command.object));
        else if (command.what === 'table') {
          hasRowSecurity ||= enablesRowSecurity.test(item.text);
          const sequence = identitySequence.exec(item.text)?.[1];
          if (sequence !== undefined) created.add(showName(readQualified(sequence)));
        }
        break;
      case 'policy':
      case 'force row security':
        hasRowSecurity = true;
        break;
      case 'routine':
        created.add(showName(command.object));
        break;
      case 'privileges':
        hasPrivileges = true;
        for (const role of command.roles) privileged.add(role);
        break;
      case 'default privileges':
        for (const role of command.roles) privileged.add(role);
        break;
      case 'insert':
        filled.set(showName(command.object), command.columns);
        break;
    }
  }
  const objects = { extensions, created, tables, roles, filled };
  const said = { hasRowSecurity, hasPrivileges, privileged, isWhole: source.missing.length === 0 };
  return { statements, items, ...objects, ...said, databases };
}
