/** Off by default: matters of taste, and names. */
import type { ColumnDef, Node } from 'libpg-query';
import { hasConstraint } from '../state/columns.ts';
import { as, every, strings, typeOf } from '../tree.ts';
import type { Found, NamedKind, Rule } from './rule.ts';

const MAX_NAME_BYTES = 63;

function newColumns(node: Node): ColumnDef[] {
  const altered = every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').flatMap(
    ({ subtype, def }) => (subtype === 'AT_AddColumn' && as(def, 'ColumnDef')) || [],
  );
  return [...every(as(node, 'CreateStmt')?.tableElts, 'ColumnDef'), ...altered];
}

/** Types that have a better one, with what it is. */
const POOR_TYPES: Readonly<Record<string, string>> = {
  bpchar: 'char(n) pads with spaces: text',
  timestamp: 'timestamp without time zone means another moment in each zone: timestamptz',
  serial: 'serial: bigint GENERATED ALWAYS AS IDENTITY',
  serial4: 'serial: bigint GENERATED ALWAYS AS IDENTITY',
  bigserial: 'bigserial: bigint GENERATED ALWAYS AS IDENTITY',
  serial8: 'bigserial: bigint GENERATED ALWAYS AS IDENTITY',
  smallserial: 'smallserial: bigint GENERATED ALWAYS AS IDENTITY',
  json: 'json has no equality and no index: jsonb',
};

function* style(node: Node): Generator<Found> {
  for (const column of newColumns(node)) {
    const { name, modifiers } = typeOf(column.typeName);
    const better = POOR_TYPES[name];
    if (better !== undefined) yield { message: `Column ${column.colname}: ${better}` };
    if (name === 'varchar' && modifiers.length > 0)
      yield {
        message: `Column ${column.colname}: varchar(n) has to be grown some day: text, with a check where a limit is meant`,
      };
    if ((name === 'int2' || name === 'int4') && hasConstraint(column, 'CONSTR_PRIMARY'))
      yield {
        message: `Column ${column.colname}: a key of ${name === 'int2' ? 'smallint' : 'integer'} runs out: bigint`,
      };
  }
  const relation =
    as(node, 'CreateStmt')?.relation ??
    as(node, 'AlterTableStmt')?.relation ??
    as(node, 'IndexStmt')?.relation;
  if (relation && relation.schemaname === undefined && relation.relpersistence !== 't')
    yield { message: `${relation.relname} is named without its schema` };
  for (const [, name] of namesOf(node))
    if (Buffer.byteLength(name) > MAX_NAME_BYTES)
      yield { message: `${name} is cut to ${MAX_NAME_BYTES} bytes` };
  const drop = as(node, 'DropStmt');
  if (drop && !drop.missing_ok) yield { message: 'DROP without IF EXISTS cannot be repeated' };
}

/** What a statement gives names to. */
function* namesOf(node: Node): Generator<readonly [NamedKind, string]> {
  const table = as(node, 'CreateStmt');
  if (table?.relation?.relname) yield ['table', table.relation.relname];
  for (const { colname } of newColumns(node)) if (colname) yield ['column', colname];
  const constraints = [
    ...every(table?.tableElts, 'Constraint'),
    ...every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').flatMap(
      ({ def }) => as(def, 'Constraint') ?? [],
    ),
  ];
  for (const { conname } of constraints) if (conname) yield ['constraint', conname];
  const index = as(node, 'IndexStmt')?.idxname;
  if (index) yield ['index', index];
  const view = as(node, 'ViewStmt')?.view?.relname;
  if (view) yield ['view', view];
  const schema = as(node, 'CreateSchemaStmt')?.schemaname;
  if (schema) yield ['schema', schema];
  const routine = strings(as(node, 'CreateFunctionStmt')?.funcname).at(-1);
  if (routine) yield ['function', routine];
  const type = strings(as(node, 'CreateEnumStmt')?.typeName ?? as(node, 'CreateDomainStmt')?.domainname).at(
    -1,
  );
  if (type) yield ['type', type];
  const rename = as(node, 'RenameStmt');
  const kind = rename?.newname && RENAMED[rename.renameType ?? ''];
  if (kind && rename.newname) yield [kind, rename.newname];
}

const RENAMED: Readonly<Record<string, NamedKind>> = {
  OBJECT_TABLE: 'table',
  OBJECT_COLUMN: 'column',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_INDEX: 'index',
  OBJECT_VIEW: 'view',
  OBJECT_SCHEMA: 'schema',
  OBJECT_FUNCTION: 'function',
  OBJECT_TYPE: 'type',
};

export const taste: readonly Rule[] = [
  {
    code: 'PG501',
    title: 'style',
    level: 'warning',
    off: true,
    aliases: [
      'prefer-bigint-over-int',
      'ban-char-field',
      'prefer-timestamptz',
      'prefer-identity',
      'prefer-text-field',
      'require-table-schema',
      'prefer-robust-stmts',
      'identifier-too-long',
    ],
    why: 'It works, and is regretted later.',
    safe: 'As the message says.',
    check: ({ node }) => style(node),
  },
  {
    code: 'NM101',
    title: 'naming conventions',
    level: 'warning',
    off: true,
    aliases: ['naming'],
    why: 'This project names such things otherwise.',
    safe: 'Another name.',
    *check({ node, file: { settings } }) {
      for (const [kind, name] of namesOf(node)) {
        const pattern = settings.naming.get(kind);
        if (pattern && !pattern.test(name))
          yield { message: `The ${kind} name ${name} does not match ${pattern.source}` };
      }
    },
  },
];
