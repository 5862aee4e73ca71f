/**
 * What a statement of a dump commands, as far as an import has to know: the few kinds that are treated in a way of their own,
 * and of all others whose they are. Read off its first words, which pg_dump writes in one form only.
 */
import { asksForNeeds, leadingComments } from '@peakstone/kernel/script';
import { NAME, type ObjectName, QUALIFIED, readNames, readQualified, unquoteName } from './names.ts';

export type Command =
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'extension'; readonly name: string; readonly schema: string }
  | { readonly kind: 'event trigger'; readonly name: string }
  | { readonly kind: 'routine'; readonly object: ObjectName; readonly signature: string }
  | {
      readonly kind: 'relation';
      readonly what: 'table' | 'view' | 'materialized view' | 'sequence' | 'foreign table';
      readonly object: ObjectName;
    }
  | { readonly kind: 'index'; readonly name: string; readonly on: ObjectName; readonly method: string }
  | { readonly kind: 'trigger'; readonly name: string; readonly on: ObjectName; readonly routine: ObjectName }
  | {
      readonly kind: 'policy';
      readonly name: string;
      readonly on: ObjectName;
      /** It takes rows away instead of giving them. */
      readonly isRestrictive: boolean;
      /** As they are listed, and where in the statement; empty where it names none. */
      readonly roles: string;
      readonly rolesAt: number;
    }
  | { readonly kind: 'force row security'; readonly on: ObjectName }
  | { readonly kind: 'publication'; readonly name: string; readonly isForAll: boolean }
  | { readonly kind: 'publication table'; readonly name: string; readonly on: ObjectName }
  | {
      readonly kind: 'owner';
      readonly what: string;
      readonly object: ObjectName;
      readonly named: string;
      readonly role: string;
    }
  | Privileges
  | DefaultPrivileges
  | { readonly kind: 'create role'; readonly name: string; readonly options: string }
  | { readonly kind: 'user mapping'; readonly user: string; readonly server: string }
  | { readonly kind: 'alter role'; readonly name: string; readonly options: string }
  | { readonly kind: 'role setting'; readonly name: string; readonly setting: string; readonly text: string }
  | {
      readonly kind: 'database setting';
      readonly name: string;
      readonly setting: string;
      /** As it stands behind TO. */
      readonly value: string;
    }
  | {
      readonly kind: 'membership';
      readonly roles: readonly string[];
      readonly members: readonly string[];
      readonly options: string;
    }
  | { readonly kind: 'comment'; readonly what: string; readonly object: ObjectName }
  | { readonly kind: 'sequence value'; readonly object: ObjectName }
  | { readonly kind: 'insert'; readonly object: ObjectName; readonly columns: readonly string[] }
  | { readonly kind: 'large object' }
  | { readonly kind: 'search path' }
  | { readonly kind: 'setting' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }
  | { readonly kind: 'drop' }
  /** Databases, tablespaces, subscriptions: of the server, not of what is imported. */
  | { readonly kind: 'server'; readonly what: string; readonly name: string }
  /** Anything else that makes or changes an object. */
  | { readonly kind: 'object'; readonly isNew: boolean; readonly what: string; readonly object: ObjectName }
  | { readonly kind: 'unknown' };

/** GRANT or REVOKE on objects. */
export interface Privileges {
  readonly kind: 'privileges';
  readonly verb: 'grant' | 'revoke';
  /** `ALL`, `SELECT,INSERT (a)` … */
  readonly privileges: string;
  /** `TABLE`, `SCHEMA` … */
  readonly what: string;
  /** With arguments, for a routine. */
  readonly named: string;
  readonly object: ObjectName;
  readonly roles: readonly string[];
  /** `WITH GRANT OPTION`, or nothing. */
  readonly option: string;
}

export interface DefaultPrivileges {
  readonly kind: 'default privileges';
  readonly maker: string;
  /** Empty for every schema. */
  readonly schema: string;
  readonly verb: 'grant' | 'revoke';
  readonly privileges: string;
  readonly what: string;
  readonly roles: readonly string[];
  readonly option: string;
}

/** @param start where the match begins in the statement */
type Reader = (match: RegExpExecArray, start: number) => Command;

const pattern = (source: string): RegExp =>
  new RegExp(
    `^${source.replaceAll(' ', '\\s+').replaceAll('<n>', `(${NAME})`).replaceAll('<q>', `(${QUALIFIED})`)}`,
    'isd',
  );

const relation =
  (what: 'table' | 'view' | 'materialized view' | 'sequence' | 'foreign table'): Reader =>
  match => ({
    kind: 'relation',
    what,
    object: readQualified(match[1]!),
  });

/** In this order, as the first that fits is taken. What a part of a database needs, an import knows better (check.ts). */
const readers: readonly (readonly [RegExp, Reader])[] = [
  [
    pattern(String.raw`(?:drop\b|alter [a-z ]+? if exists\b|select pg_catalog\.lo_unlink\()`),
    () => ({ kind: 'drop' }),
  ],
  [pattern('create schema (?:if not exists )?<n>'), m => ({ kind: 'schema', name: unquoteName(m[1]!) })],
  [
    pattern('create extension (?:if not exists )?<n>(?: (?:with )?schema <n>)?'),
    m => ({ kind: 'extension', name: unquoteName(m[1]!), schema: m[2] ? unquoteName(m[2]) : '' }),
  ],
  [
    pattern('(?:create|alter|comment on) event trigger <n>'),
    m => ({ kind: 'event trigger', name: unquoteName(m[1]!) }),
  ],
  [
    pattern(
      String.raw`create (?:or replace )?(?:function|procedure) <q>\s*(\(.*?\)\s*)(?:returns|language|as|\s)`,
    ),
    m => ({ kind: 'routine', object: readQualified(m[1]!), signature: m[2]!.trim() }),
  ],
  [pattern('create (?:unlogged )?table (?:if not exists )?<q>'), relation('table')],
  [pattern('create foreign table (?:if not exists )?<q>'), relation('foreign table')],
  [pattern('create (?:or replace )?(?:recursive )?view <q>'), relation('view')],
  [pattern('create materialized view (?:if not exists )?<q>'), relation('materialized view')],
  [pattern('create (?:unlogged )?sequence (?:if not exists )?<q>'), relation('sequence')],
  [
    pattern('create (?:unique )?index (?:if not exists )?<n> on (?:only )?<q>(?: using <n>)?'),
    m => ({
      kind: 'index',
      name: unquoteName(m[1]!),
      on: readQualified(m[2]!),
      method: m[3] ? unquoteName(m[3]) : '',
    }),
  ],
  [
    pattern(
      'create (?:or replace )?(?:constraint )?trigger <n> .*? on <q> .*?execute (?:function|procedure) <q>',
    ),
    m => ({
      kind: 'trigger',
      name: unquoteName(m[1]!),
      on: readQualified(m[2]!),
      routine: readQualified(m[3]!),
    }),
  ],
  [
    pattern(
      String.raw`create policy <n> on <q>(?: as (\w+))?(?: for \w+)?(?: to ((?:${NAME}\s*,\s*)*${NAME}))?`,
    ),
    (m, start) => ({
      kind: 'policy',
      name: unquoteName(m[1]!),
      on: readQualified(m[2]!),
      isRestrictive: m[3]?.toLowerCase() === 'restrictive',
      roles: m[4] ?? '',
      rolesAt: start + (m.indices![4]?.[0] ?? 0),
    }),
  ],
  [
    pattern('alter table (?:only )?<q> force row level security'),
    m => ({ kind: 'force row security', on: readQualified(m[1]!) }),
  ],
  [
    pattern('create publication <n>( for all tables)?'),
    m => ({ kind: 'publication', name: unquoteName(m[1]!), isForAll: m[2] !== undefined }),
  ],
  [
    pattern('alter publication <n> add table (?:only )?<q>'),
    m => ({ kind: 'publication table', name: unquoteName(m[1]!), on: readQualified(m[2]!) }),
  ],
  [
    pattern(
      String.raw`alter ([a-z ]+?) (?:only )?(${QUALIFIED}|\d+)((?:\s*\(.*?\))?(?: using ${NAME})?) owner to <n>$`,
    ),
    m => ({
      kind: 'owner',
      what: m[1]!.toLowerCase(),
      object: readQualified(m[2]!),
      named: `${m[2]!}${m[3] ?? ''}`,
      role: unquoteName(m[4]!),
    }),
  ],
  [
    pattern(String.raw`alter (operator) (${NAME}\s*\.\s*)?([^\s\w"(]+)\s*(\(.*?\)) owner to <n>$`),
    m => ({
      kind: 'owner',
      what: 'operator',
      object: { schema: m[2] ? readQualified(m[2]).name : '', name: m[3]! },
      named: `${m[2] ?? ''}${m[3]!} ${m[4]!}`,
      role: unquoteName(m[5]!),
    }),
  ],
  [
    pattern(
      'alter default privileges for role <n>(?: in schema <n>)? (grant|revoke) (.+?) on ([a-z]+) (?:to|from) (.+?)( with grant option)?$',
    ),
    m => ({
      kind: 'default privileges',
      maker: unquoteName(m[1]!),
      schema: m[2] ? unquoteName(m[2]) : '',
      verb: m[3]!.toLowerCase() as 'grant' | 'revoke',
      privileges: m[4]!,
      what: m[5]!.toUpperCase(),
      roles: readNames(m[6]!),
      option: m[7] ? ' WITH GRANT OPTION' : '',
    }),
  ],
  [
    pattern(
      String.raw`(grant|revoke) (?:grant option for )?([a-z, ]+?(?:\([^)]*\))?(?:,[a-z, ]+\([^)]*\))*) on (table|sequence|function|procedure|routine|schema|type|domain|language|database|foreign data wrapper|foreign server|large object|parameter|tablespace) (${QUALIFIED}|\d+)(\s*\(.*?\))? (?:to|from) ((?:${NAME}\s*,\s*)*${NAME})( with grant option)?(?: cascade)?$`,
    ),
    m => ({
      kind: 'privileges',
      verb: m[1]!.toLowerCase() as 'grant' | 'revoke',
      privileges: m[2]!,
      what: m[3]!.toLowerCase(),
      named: `${m[4]!}${m[5] ?? ''}`,
      object: readQualified(m[4]!),
      roles: readNames(m[6]!),
      option: m[7] ? ' WITH GRANT OPTION' : '',
    }),
  ],
  [
    pattern('(?:create|alter) user mapping (?:if not exists )?for <n> server <n>'),
    m => ({ kind: 'user mapping', user: unquoteName(m[1]!), server: unquoteName(m[2]!) }),
  ],
  [
    pattern('create (?:role|user|group) <n>(.*)$'),
    m => ({ kind: 'create role', name: unquoteName(m[1]!), options: m[2]!.trim() }),
  ],
  [
    pattern(`alter (?:role|user) <n>(?: in database ${NAME})? set <q> (?:to|=) (.*)$`),
    m => ({
      kind: 'role setting',
      name: unquoteName(m[1]!),
      setting: unquoteName(m[2]!.replace(/\s/g, '')),
      text: m[3]!,
    }),
  ],
  [
    pattern('alter (?:role|user) <n> (?:with )?(.*)$'),
    m => ({ kind: 'alter role', name: unquoteName(m[1]!), options: m[2]! }),
  ],
  [
    pattern(
      String.raw`grant ((?:${NAME}\s*,\s*)*${NAME}) to ((?:${NAME}\s*,\s*)*${NAME})( with .*?)?(?: granted by ${NAME})?$`,
    ),
    m => ({ kind: 'membership', roles: readNames(m[1]!), members: readNames(m[2]!), options: m[3] ?? '' }),
  ],
  [
    pattern(
      String.raw`comment on ([a-z ]+?) (?:${NAME} on )?(${QUALIFIED}(?:\s*\.\s*${NAME})?|\d+)(?:\s*\(.*?\))? is `,
    ),
    m => ({ kind: 'comment', what: m[1]!.toLowerCase(), object: readQualified(m[2]!) }),
  ],
  [
    pattern(String.raw`select pg_catalog\.setval\(\s*'((?:[^']|'')+)'`),
    m => ({ kind: 'sequence value', object: readQualified(m[1]!.replaceAll("''", "'")) }),
  ],
  [
    pattern(String.raw`insert into <q>\s*(?:\(([^)]*)\))?`),
    m => ({ kind: 'insert', object: readQualified(m[1]!), columns: readNames(m[2] ?? '') }),
  ],
  [
    pattern(String.raw`(?:set search_path\b|select pg_catalog\.set_config\('search_path')`),
    () => ({ kind: 'search path' }),
  ],
  [
    pattern(
      String.raw`(?:set|reset|rollback|abort|savepoint|release|prepare transaction|lock|analyze|vacuum)\b`,
    ),
    () => ({ kind: 'setting' }),
  ],
  [pattern('(?:begin|start transaction)$'), () => ({ kind: 'begin' })],
  [pattern('(?:commit|end)$'), () => ({ kind: 'end' })],
  [
    pattern(String.raw`select pg_catalog\.(?:lo_create|lo_open|lowrite|lo_close)\(`),
    () => ({ kind: 'large object' }),
  ],
  [
    pattern('alter database <n> set <q> (?:to|=) (.*)$'),
    m => ({
      kind: 'database setting',
      name: unquoteName(m[1]!),
      setting: unquoteName(m[2]!.replace(/\s/g, '')),
      value: m[3]!,
    }),
  ],
  [
    pattern('(?:create|alter) (database|tablespace|subscription|server|system) <n>'),
    m => ({ kind: 'server', what: m[1]!.toLowerCase(), name: unquoteName(m[2]!) }),
  ],
  [
    pattern('security label .*? on ([a-z ]+?) <q>'),
    m => ({ kind: 'server', what: 'security label', name: m[2]! }),
  ],
  [
    pattern('(create|alter) (?:or replace )?([a-z ]+?) (?:only |if not exists )?<q>'),
    m => ({
      kind: 'object',
      isNew: m[1]!.toLowerCase() === 'create',
      what: m[2]!.toLowerCase(),
      object: readQualified(m[3]!),
    }),
  ],
  [
    pattern('refresh (materialized view) <q>'),
    m => ({ kind: 'object', isNew: false, what: m[1]!.toLowerCase(), object: readQualified(m[2]!) }),
  ],
];

/** Pure. @example readCommand('CREATE SCHEMA auth') // { kind: 'schema', name: 'auth' } */
export function readCommand(text: string): Command {
  const start = leadingComments(text);
  const body = text.slice(start);
  if (asksForNeeds(text)) return { kind: 'setting' };
  for (const [expression, read] of readers) {
    const match = expression.exec(body);
    if (match) return read(match, start);
  }
  return { kind: 'unknown' };
}

/** A setting that is a list, as pg_dump and people write one. Pure. @example readValues(`'public', "Odd", app`) // ['public', 'Odd', 'app'] */
export function readValues(text: string): string[] {
  return [...text.matchAll(new RegExp(`'((?:[^']|'')*)'|${NAME}`, 'g'))].map(([name, literal]) =>
    literal === undefined ? unquoteName(name) : literal.replaceAll("''", "'"),
  );
}

/** `COPY schema.table (columns) FROM stdin`. `isPlain`: it has neither options nor a condition, as pg_dump's. Pure. */
export function readCopy(text: string): {
  readonly object: ObjectName;
  readonly columns: readonly string[];
  readonly isPlain: boolean;
} {
  const match = pattern(String.raw`\s*copy <q>\s*(?:\(([^)]*)\)\s*)?(?:from stdin\s*;?\s*(.*))?`).exec(
    text.slice(leadingComments(text)),
  );
  if (!match) return { object: { schema: '', name: '' }, columns: [], isPlain: false };
  return { object: readQualified(match[1]!), columns: readNames(match[2] ?? ''), isPlain: match[3] === '' };
}
