import type { Node } from 'libpg-query';
import { isNew, keyOf, nameText } from '../state/model.ts';
import { as, every, strings, textsIn } from '../tree.ts';
import type { Look, Rule } from './rule.ts';

/** Existing tables that the statement locks against everybody. */
export function strongLocks({ schema, effects }: Pick<Look, 'schema' | 'effects'>): string[] {
  return effects
    .filter(({ table, lock }) => lock === 'AccessExclusive' && !isNew(schema, table))
    .map(({ table }) => table);
}

/** What a statement does to the session that outlives it. */
function leavesBehind(node: Node): string | undefined {
  const transaction = as(node, 'TransactionStmt');
  if (transaction) {
    const word = transaction.kind?.replace('TRANS_STMT_', '').replace('_', ' ');
    const harmless = ['SAVEPOINT', 'RELEASE', 'ROLLBACK TO'];
    return harmless.includes(word ?? '') ? undefined : `${word} ends or begins the runner’s transaction`;
  }
  const set = as(node, 'VariableSetStmt');
  if (set && !set.is_local && set.kind === 'VAR_SET_VALUE') {
    if (set.name === 'role' || set.name === 'session_authorization' || set.name === 'search_path')
      return `SET ${set.name} holds on in the next file`;
  }
  for (const { val } of every(as(node, 'SelectStmt')?.targetList, 'ResTarget')) {
    const call = as(val, 'FuncCall');
    if (strings(call?.funcname).at(-1) !== 'set_config') continue;
    const [name] = textsIn(call?.args);
    const local = as(call?.args?.[2], 'A_Const')?.boolval?.boolval === true;
    if (!local && (name === 'search_path' || name === 'role'))
      return `set_config('${name}', …, false) holds on in the next file`;
  }
  return undefined;
}

export const session: readonly Rule[] = [
  {
    code: 'PG401',
    title: 'no lock_timeout before a statement that takes AccessExclusive',
    level: 'warning',
    aliases: ['require-lock-timeout', 'require-timeout-settings'],
    why: 'While it waits for one long query, everybody who comes after it waits as well.',
    safe: "SET LOCAL lock_timeout = '2s'; at the file’s top: it gives up, everybody goes on, and it is tried again.",
    *check(look) {
      if (look.file.hasLockTimeout || look.file.strongLocks.size > 0) return;
      const [table] = strongLocks(look);
      if (table !== undefined)
        yield { message: `Waits for ${nameText(table)} without a lock_timeout`, table };
    },
  },
  {
    code: 'PG402',
    title: 'more than one strong lock in one transaction; DDL and backfill together',
    level: 'warning',
    aliases: ['transaction-nesting', 'backfill'],
    why: 'Locks are kept to the transaction’s end: each adds to the time of the others, and two orders make a deadlock.',
    safe: 'One table a file, and rows in a file of their own.',
    *check(look) {
      const { file, node, schema } = look;
      if (!file.inTransaction || file.strongLocks.size === 0) return;
      const [held] = file.strongLocks;
      const more = strongLocks(look).find(table => !file.strongLocks.has(table));
      if (more !== undefined && file.strongLocks.size === 1)
        yield {
          message: `Locks ${nameText(more)} while ${nameText(held ?? '')} is still locked`,
          table: more,
        };
      const writes = as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt');
      const written = look.effects.find(({ table }) => !isNew(schema, table))?.table;
      if (writes && written)
        yield {
          message: `Writes rows of ${nameText(written)} while ${nameText(held ?? '')} is locked`,
          table: written,
        };
    },
  },
  {
    code: 'PG403',
    title: 'begin, commit, set session role or search_path inside a file',
    level: 'error',
    aliases: ['nestedtx', 'ban-uncommitted-transaction'],
    why: 'COMMIT ends the runner’s transaction, so that a failure leaves half of the file; settings leak into the files after it.',
    safe: 'Leave transactions to the runner (-- atlas:txmode none where there must be none), say SET LOCAL, and write names with their schema.',
    *check({ node }) {
      const left = leavesBehind(node);
      if (left !== undefined) yield { message: left };
    },
  },
  {
    code: 'PG404',
    title: 'enum value added and used in one transaction',
    level: 'error',
    aliases: [],
    why: 'PostgreSQL refuses to use the value before it is committed (55P04).',
    safe: 'Use it in the next file.',
    *check({ node, schema, file }) {
      if (!file.inTransaction || as(node, 'AlterEnumStmt')) return;
      for (const text of textsIn(node))
        for (const [type, values] of file.addedValues)
          if (values.has(text) && schema.enums.get(type)?.madeIn !== schema.file)
            yield { message: `Uses '${text}' of ${nameText(type)}, which this transaction has added` };
    },
  },
];

/** The enum and the value that a statement adds. */
export function addedValue(
  schema: Look['schema'],
  node: Node,
): readonly [type: string, value: string] | undefined {
  const alter = as(node, 'AlterEnumStmt');
  if (alter?.newVal === undefined || alter.oldVal) return undefined;
  return [keyOf(schema, 'enums', strings(alter.typeName)), alter.newVal];
}
