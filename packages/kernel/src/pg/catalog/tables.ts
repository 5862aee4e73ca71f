import type { Result } from '../types.ts';
import { readFlag, readInteger, readJson, readNullable, readText } from './cells.ts';
import type { RelationBody, Relations } from './relations.ts';
import type { Column, Table, TableForeignKey, UniqueKey } from './types.ts';

/** What columns of one type and modifier have in common. */
interface ColumnType {
  readonly type: string;
  readonly nominalType: string;
  readonly maxLength: number | null;
  readonly baseOid: number;
  readonly isComposite: boolean;
  readonly isArray: boolean;
  readonly notNull: boolean;
  readonly default: string | null;
}

export interface TypeFacts {
  /** By `oid:modifier`. */
  readonly columnTypes: ReadonlyMap<string, ColumnType>;
  /** Labels by the enum's oid. */
  readonly enums: ReadonlyMap<number, readonly string[]>;
}

const NOT_NULL = 1;
const IDENTITY_ALWAYS = 2;
const IDENTITY_DEFAULT = 4;
const GENERATED = 8;

const UPDATE = 4;
const INSERT = 8;
const DELETE = 16;

const NO_LABELS: readonly string[] = [];

export function decodeTypeFacts(types: Result, enums: Result): TypeFacts {
  return {
    columnTypes: new Map(
      types.rows.map(row => [
        `${readText(row[0])}:${readText(row[1])}`,
        {
          type: readText(row[2]),
          nominalType: readText(row[3]),
          maxLength: row[4] ? readInteger(row[4]) : null,
          baseOid: readInteger(row[5]),
          isComposite: readFlag(row[6]),
          isArray: readFlag(row[7]),
          notNull: readFlag(row[8]),
          default: readNullable(row[9]),
        },
      ]),
    ),
    enums: new Map(enums.rows.map(row => [readInteger(row[0]), readJson<string[]>(row[3], [])])),
  };
}

export function buildTable(
  position: number,
  relations: Relations,
  types: TypeFacts,
  primaryKey: readonly string[],
): Table {
  const body = relations.body(position);
  const updates = relations.updates(position);
  return {
    ...relations.name(position),
    kind: relations.kind(position),
    isPartition: relations.isPartition(position),
    comment: body.comment,
    insertable: (updates & INSERT) !== 0,
    updatable: (updates & UPDATE) !== 0,
    deletable: (updates & DELETE) !== 0,
    primaryKey,
    columns: buildColumns(body, types),
    uniqueKeys: uniqueKeysOf(position, relations),
    foreignKeys: foreignKeysOf(position, relations),
  };
}

function uniqueKeysOf(position: number, relations: Relations): ReadonlyMap<string, UniqueKey> {
  const keys = new Map<string, UniqueKey>();
  for (const { name, kind, columns } of relations.body(position).constraints) {
    if (kind === 'f') continue;
    keys.set(name, { columns: relations.namesOf(position, columns), isPrimary: kind === 'p' });
  }
  return keys;
}

function foreignKeysOf(position: number, relations: Relations): readonly TableForeignKey[] {
  return relations.body(position).constraints.flatMap(({ name, kind, target, columns, targetColumns }) => {
    const targetPosition = kind === 'f' ? relations.position(target) : undefined;
    if (targetPosition === undefined) return [];
    const own = relations.namesOf(position, columns);
    const theirs = relations.namesOf(targetPosition, targetColumns);
    return [
      {
        constraint: name,
        target: relations.name(targetPosition),
        columns: own.map((column, i) => [column, theirs[i]!] as const),
      },
    ];
  });
}

function buildColumns(body: RelationBody, { columnTypes, enums }: TypeFacts): ReadonlyMap<string, Column> {
  const defaults = new Map(body.defaults);
  const comments = new Map(body.columnComments);
  const columns = new Map<string, Column>();
  for (const [attnum, name, typeOid, typmod, flags] of body.columns) {
    const type = columnTypes.get(`${typeOid}:${typmod}`);
    // The queries read one snapshot, so only a type being dropped under them can be missing: then the column goes too.
    if (!type) continue;
    const takesNoValue = (flags & (GENERATED | IDENTITY_ALWAYS)) !== 0;
    columns.set(name, {
      name,
      comment: comments.get(attnum) ?? null,
      nullable: (flags & NOT_NULL) === 0 && !type.notNull,
      type: type.type,
      nominalType: type.nominalType,
      typeOid,
      maxLength: type.maxLength,
      default: takesNoValue ? null : (defaults.get(attnum) ?? type.default),
      generated: (flags & GENERATED) !== 0,
      identity: (flags & (IDENTITY_ALWAYS | IDENTITY_DEFAULT)) !== 0,
      enumValues: enums.get(type.baseOid) ?? NO_LABELS,
      isComposite: type.isComposite,
      isArray: type.isArray,
    });
  }
  return columns;
}
