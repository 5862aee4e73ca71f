import { nameText, tableKey } from '../state/model.ts';
import { as, every, optionsOf, strings, walk } from '../tree.ts';
import type { Rule } from './rule.ts';

const isOn = (value: string | undefined) => value !== undefined && ['true', 'on', '1', 'yes'].includes(value);

export const security: readonly Rule[] = [
  {
    code: 'PG405',
    title: 'security definer function without search_path; view past row security',
    level: 'warning',
    aliases: ['security'],
    why: 'The function runs with its owner’s rights, and whoever may make an object that its search path finds first has them; a view shows rows as its owner sees them.',
    safe: "SET search_path = '' on the function, with every name qualified; WITH (security_invoker = true) on the view.",
    *check({ node, schema }) {
      const routine = as(node, 'CreateFunctionStmt');
      const options = every(routine?.options, 'DefElem');
      const isDefiner = options.some(
        ({ defname, arg }) => defname === 'security' && as(arg, 'Boolean')?.boolval,
      );
      const hasPath = options.some(
        ({ defname, arg }) => defname === 'set' && as(arg, 'VariableSetStmt')?.name === 'search_path',
      );
      if (routine && isDefiner && !hasPath)
        yield {
          message: `Function ${strings(routine.funcname).join('.')} is security definer with the caller’s search_path`,
        };
      const view = as(node, 'ViewStmt');
      if (view === undefined || isOn(optionsOf(view.options).get('security_invoker'))) return;
      for (const [kind, body] of walk(view.query)) {
        if (kind !== 'RangeVar') continue;
        const key = tableKey(schema, body as { schemaname?: string; relname?: string });
        if (schema.tables.get(key)?.rowSecurity) {
          yield {
            message: `View ${view.view?.relname} shows all rows of ${nameText(key)}, whatever its policies say`,
          };
          return;
        }
      }
    },
  },
  {
    code: 'PG406',
    title: 'new table in an exposed schema without row security, or a policy where it is off',
    level: 'warning',
    aliases: ['rls'],
    why: 'The API serves the schema: whoever has the grant sees every row. A policy counts only where row security is on.',
    safe: 'ALTER TABLE … ENABLE ROW LEVEL SECURITY, with policies for those who may see rows.',
    *checkEnd({ nodes, settings }, schema) {
      for (const [index, node] of nodes.entries()) {
        const created = as(node, 'CreateStmt')?.relation;
        const policy = as(node, 'CreatePolicyStmt')?.table;
        const relation = created ?? policy;
        if (relation === undefined || relation.relpersistence === 't') continue;
        const key = tableKey(schema, relation);
        const table = schema.tables.get(key);
        const served = settings.exposedSchemas.includes(key.slice(0, key.indexOf('.')));
        if (table === undefined || table.rowSecurity || (created && !served)) continue;
        const message = created
          ? `Table ${nameText(key)} is served without row security`
          : `Row security of ${nameText(key)} is off: the policy does nothing`;
        yield { message, index };
      }
    },
  },
];
