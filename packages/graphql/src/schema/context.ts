/** What the makers of types share: whose schema it is, and the register of its types. */

import type { TableName } from '../ir/boolExp.ts';
import type { RoleView } from '../model/permissions.ts';
import type { JoinOwner, Model, SelectPermissions, SourceModel, TableModel } from '../model/types.ts';
import { tableKey } from '../model/types.ts';
import type { FieldDef, NamedType } from './types.ts';

export interface SchemaOptions {
  readonly booleanNullCollapse: boolean;
  readonly stringifyNumericTypes: boolean;
  /** Array columns as scalars (`_text`) rather than lists. */
  readonly arraysAsScalars: boolean;
  /** Whether a mutation that is for the backend alone is there. */
  readonly isBackend: boolean;
  readonly kind: 'standard' | 'relay';
  /** What goes beyond the reference is there. */
  readonly beyond: ReadonlySet<string>;
  /** Whether all of remote schemas is the role's, whatever permissions say. */
  readonly seesRemoteSchemas: boolean;
}

export interface SchemaContext extends SharedContext {
  readonly source: SourceModel;
}

/** The same, whichever source. */
export interface SharedContext {
  readonly model: Model;
  readonly view: RoleView;
  readonly options: SchemaOptions;
  readonly types: TypeRegister;
  readonly joined: JoinFields;
}

/**
 * Fields that lead out of a source or a remote schema, as far as the role may follow them. `typeName` is that of what they
 * begin in, of which it may see the members that `sees` says.
 */
export type JoinFields = (
  owner: JoinOwner,
  typeName: string,
  sees: (member: string) => boolean,
) => readonly FieldDef[];

/** Types by name, each made when it is first looked up. */
export class TypeRegister {
  readonly #makers = new Map<string, () => NamedType>();
  readonly #made = new Map<string, NamedType>();

  /** Says how a type is made; who comes second is not asked. Returns its name. */
  define(name: string, make: () => NamedType): string {
    if (!this.#makers.has(name)) this.#makers.set(name, make);
    return name;
  }

  get(name: string): NamedType | undefined {
    let type = this.#made.get(name);
    if (!type) {
      type = this.#makers.get(name)?.();
      if (type) this.#made.set(name, type);
    }
    return type;
  }
}

/** Undefined for one whose name GraphQL does not take, too. */
export function tableIn({ source }: SchemaContext, name: TableName): TableModel | undefined {
  const table = source.tables.get(tableKey(name));
  return table?.isInGraphql ? table : undefined;
}

/** The role's permission to read a table; null when it has none. */
export function selectOf({ view }: SchemaContext, table: TableModel): SelectPermissions | null {
  return view.permissions(table).select;
}
