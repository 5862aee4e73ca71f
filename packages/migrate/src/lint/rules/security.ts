import type { AlterFunctionStmt, DefElem, Node } from 'libpg-query';
import { isNew, nameText, type Schema, tableKey } from '../state/model.ts';
import { as, every, isOn, optionsOf, strings, walk } from '../tree.ts';
import type { Found, Look, Rule } from './rule.ts';

/** Options of a function, where it is made and where it is altered. */
function setsPath({ defname, arg }: DefElem): boolean {
  const set = as(arg, 'VariableSetStmt');
  return defname === 'set' && set?.name === 'search_path' && set.kind !== 'VAR_RESET';
}

function resetsPath({ defname, arg }: DefElem): boolean {
  const set = as(arg, 'VariableSetStmt');
  return (
    defname === 'set' &&
    (set?.kind === 'VAR_RESET_ALL' || (set?.name === 'search_path' && set.kind === 'VAR_RESET'))
  );
}

function isDefiner({ defname, arg }: DefElem): boolean {
  return defname === 'security' && as(arg, 'Boolean')?.boolval === true;
}

/** Functions that run with their owner's rights and the caller's search_path. */
function* definers({ node, schema }: Look): Generator<Found> {
  const made = as(node, 'CreateFunctionStmt');
  const altered = as(node, 'AlterFunctionStmt');
  const options = every(made?.options ?? altered?.actions, 'DefElem');
  if (options.some(setsPath)) return;
  const name = strings(made?.funcname ?? altered?.func?.objname);
  const isOne = options.some(isDefiner) || (options.some(resetsPath) && isKnownDefiner(schema, altered));
  if (isOne)
    yield { message: `Function ${name.join('.')} is security definer with the caller’s search_path` };
}

/** One that the files so far have made, whatever its arguments. */
function isKnownDefiner(schema: Schema, altered: AlterFunctionStmt | undefined): boolean {
  const name = strings(altered?.func?.objname);
  const keys = name.length > 1 ? [name.join('.')] : schema.searchPath.map(each => `${each}.${name[0]}`);
  return [...schema.routines].some(
    ([key, each]) => each.isDefiner && keys.includes(key.slice(0, key.indexOf('('))),
  );
}

/** The first table with row security that a query reads. */
function guarded(schema: Schema, query: unknown): string | undefined {
  for (const [kind, body] of walk(query)) {
    if (kind !== 'RangeVar') continue;
    const key = tableKey(schema, body as { schemaname?: string; relname?: string });
    if (schema.tables.get(key)?.rowSecurity) return key;
  }
  return undefined;
}

/** Views that show rows past the policies of their tables. */
function* views({ node, schema }: Look): Generator<Found> {
  const view = as(node, 'ViewStmt');
  const invokes = isOn(optionsOf(view?.options).get('security_invoker'));
  const table = view === undefined || invokes ? undefined : guarded(schema, view.query);
  if (table !== undefined)
    yield {
      message: `View ${view?.view?.relname} shows all rows of ${nameText(table)}, whatever its policies say`,
    };
  const stored = as(node, 'CreateTableAsStmt');
  const source = stored?.objtype === 'OBJECT_MATVIEW' ? guarded(schema, stored.query) : undefined;
  if (source !== undefined)
    yield {
      message: `Materialized view ${stored?.into?.rel?.relname} holds all rows of ${nameText(source)}, whatever its policies say`,
    };
  const altered = as(node, 'AlterTableStmt');
  // ALTER TABLE takes views as well.
  for (const { subtype, def } of every(altered?.cmds, 'AlterTableCmd')) {
    const option = optionsOf(as(def, 'List')?.items).get('security_invoker');
    const isReset = subtype === 'AT_ResetRelOptions' && option !== undefined;
    if (isReset || (subtype === 'AT_SetRelOptions' && option !== undefined && !isOn(option)))
      yield {
        message: `View ${nameText(tableKey(schema, altered?.relation))} shows rows as its owner sees them`,
      };
  }
}

/** The relation that a statement makes, or brings into another schema, with the key that it has then. */
function broughtIn(node: Node, schema: Schema): string | undefined {
  const stored = as(node, 'CreateTableAsStmt');
  const created =
    as(node, 'CreateStmt')?.relation ?? (stored?.objtype === 'OBJECT_TABLE' ? stored.into?.rel : undefined);
  if (created !== undefined) return created.relpersistence === 't' ? undefined : tableKey(schema, created);
  const moved = as(node, 'AlterObjectSchemaStmt');
  if (moved?.objectType !== 'OBJECT_TABLE' || moved.relation === undefined) return undefined;
  return `${moved.newschema}.${moved.relation.relname}`;
}

/** What stands between rows and those who ask that a statement takes away. */
function* opened({ node, schema }: Look): Generator<Found> {
  const alter = as(node, 'AlterTableStmt');
  const table = tableKey(schema, alter?.relation);
  if (alter !== undefined && !isNew(schema, table))
    for (const { subtype } of every(alter.cmds, 'AlterTableCmd')) {
      if (subtype === 'AT_DisableRowSecurity')
        yield {
          message: `Turns row security of ${nameText(table)} off: whoever has the grant sees every row`,
          table,
        };
      if (subtype === 'AT_NoForceRowSecurity')
        yield { message: `Row security of ${nameText(table)} no longer holds for its owner`, table };
    }
  const drop = as(node, 'DropStmt');
  if (drop?.removeType !== 'OBJECT_POLICY') return;
  for (const object of drop.objects ?? []) {
    const parts = strings(as(object, 'List')?.items);
    const [policy = ''] = parts.slice(-1);
    const [schemaname, relname] = parts.length > 2 ? parts.slice(-3) : [undefined, parts[0]];
    const key = tableKey(schema, { ...(schemaname && { schemaname }), ...(relname && { relname }) });
    if (!isNew(schema, key) && schema.tables.get(key)?.restrictive.has(policy))
      yield {
        message: `Drops restrictive policy ${policy} of ${nameText(key)}: what it kept back is open`,
        table: key,
      };
  }
}

export const security: readonly Rule[] = [
  {
    code: 'PG405',
    title: 'security definer function without search_path; view past row security',
    level: 'warning',
    aliases: ['security'],
    why: 'The function runs with its owner’s rights, and whoever may make an object that its search path finds first has them; a view shows rows as its owner sees them.',
    safe: "SET search_path = '' on the function, with every name qualified; WITH (security_invoker = true) on the view.",
    *check(look) {
      yield* definers(look);
      yield* views(look);
    },
  },
  {
    code: 'PG406',
    title:
      'table in an exposed schema without row security, row security turned off, or a policy where it is off',
    level: 'warning',
    aliases: ['rls'],
    why: 'The API serves the schema: whoever has the grant sees every row. A policy counts only where row security is on.',
    safe: 'ALTER TABLE … ENABLE ROW LEVEL SECURITY, with policies for those who may see rows.',
    check: opened,
    *checkEnd({ nodes, settings }, schema) {
      for (const [index, node] of nodes.entries()) {
        const made = broughtIn(node, schema);
        const policy = as(node, 'CreatePolicyStmt')?.table ?? as(node, 'AlterPolicyStmt')?.table;
        if (made === undefined && policy === undefined) continue;
        const key = made ?? tableKey(schema, policy);
        const table = schema.tables.get(key);
        const served = settings.exposedSchemas.includes(key.slice(0, key.indexOf('.')));
        if (table === undefined || table.rowSecurity || (made !== undefined && !served)) continue;
        const message =
          made !== undefined
            ? `Table ${nameText(key)} is served without row security`
            : `Row security of ${nameText(key)} is off: the policy does nothing`;
        yield { message, index };
      }
    },
  },
];
