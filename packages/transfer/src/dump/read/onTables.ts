/** What belongs to a table and needs its rows first: foreign keys, unproven checks, triggers, rules, policies. */
import { type Catalog, CLASS, isNoMember, type Row, text } from '../catalog.ts';
import type { DumpObject, Section } from '../object.ts';

const inTable = `join pg_class c on c.oid = %s join pg_namespace n on n.oid = c.relnamespace`;
const tableColumns = `n.nspname as schema, c.relname as table, c.oid as table_oid, format('%I.%I', n.nspname, c.relname) as table_quoted`;

function onTable(row: Row, classId: number, kind: string, named: string, definition: string): DumpObject {
  const section: Section = 'post-data';
  return {
    key: `${classId}:${text(row, 'oid')}`,
    kind,
    schema: text(row, 'schema'),
    name: `${text(row, 'table')} ${text(row, 'name')}`,
    owner: null,
    section,
    definition,
    dropped: `${named}\0${text(row, 'table_quoted')}`,
    named: `${named} ON ${text(row, 'table_quoted')}`,
    dependsOn: new Set([`${CLASS.relation}:${text(row, 'table_oid')}`]),
  };
}

export async function readTableConstraints(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select k.oid, ${tableColumns}, k.conname as name, quote_ident(k.conname) as quoted, k.contype as type, pg_get_constraintdef(k.oid) as definition, c.relkind as kind
    from pg_constraint k ${inTable.replace('%s', 'k.conrelid')}
    where ${catalog.relations} and k.conparentid = 0 and (k.contype = 'f' or k.contype = 'c' and not k.convalidated and k.conislocal)
      and ${isNoMember(CLASS.relation, 'c.oid')}
    order by n.nspname, c.relname, k.conname`);
  return rows.map(row => {
    const isForeignKey = row.type === 'f';
    const command = row.kind === 'f' ? 'FOREIGN TABLE' : 'TABLE';
    return onTable(
      row,
      CLASS.constraint,
      isForeignKey ? 'FK CONSTRAINT' : 'CHECK CONSTRAINT',
      `CONSTRAINT ${text(row, 'quoted')}`,
      `ALTER ${command} ${isForeignKey && row.kind !== 'p' ? 'ONLY ' : ''}${text(row, 'table_quoted')}\n    ADD CONSTRAINT ${text(row, 'quoted')} ${text(row, 'definition')};`,
    );
  });
}

const STATES: Readonly<Record<string, string>> = { D: 'DISABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' };

export async function readTriggers(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select t.oid, ${tableColumns}, t.tgname as name, quote_ident(t.tgname) as quoted, pg_get_triggerdef(t.oid) as definition, t.tgenabled as state,
      t.tgparentid <> 0 as is_clone, c.relkind as kind
    from pg_trigger t ${inTable.replace('%s', 't.tgrelid')} left join pg_trigger p on p.oid = t.tgparentid
    where ${catalog.relations} and not t.tgisinternal and (t.tgparentid = 0 or t.tgenabled <> p.tgenabled)
      and ${isNoMember(CLASS.trigger, 't.oid')} and ${isNoMember(CLASS.relation, 'c.oid')}
    order by n.nspname, c.relname, t.tgname`);
  return rows.map(row => {
    const state = STATES[row.state ?? ''] ?? (row.is_clone === 't' ? 'ENABLE' : undefined);
    const command = row.kind === 'f' ? 'FOREIGN TABLE' : 'TABLE';
    return onTable(
      row,
      CLASS.trigger,
      'TRIGGER',
      `TRIGGER ${text(row, 'quoted')}`,
      [
        ...(row.is_clone === 't' ? [] : [`${text(row, 'definition')};`]),
        ...(state === undefined
          ? []
          : [`ALTER ${command} ${text(row, 'table_quoted')} ${state} TRIGGER ${text(row, 'quoted')};`]),
      ].join('\n\n'),
    );
  });
}

export async function readRules(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select r.oid, ${tableColumns}, r.rulename as name, quote_ident(r.rulename) as quoted, pg_get_ruledef(r.oid) as definition, r.ev_enabled as state
    from pg_rewrite r ${inTable.replace('%s', 'r.ev_class')}
    where ${catalog.relations} and r.rulename <> '_RETURN' and ${isNoMember(CLASS.rule, 'r.oid')} and ${isNoMember(CLASS.relation, 'c.oid')}
    order by n.nspname, c.relname, r.rulename`);
  return rows.map(row => {
    const state = STATES[row.state ?? ''];
    return onTable(
      row,
      CLASS.rule,
      'RULE',
      `RULE ${text(row, 'quoted')}`,
      [
        text(row, 'definition'),
        ...(state === undefined
          ? []
          : [`ALTER TABLE ${text(row, 'table_quoted')} ${state} RULE ${text(row, 'quoted')};`]),
      ].join('\n\n'),
    );
  });
}

/** Row security and its policies. */
export async function readPolicies(catalog: Catalog): Promise<DumpObject[]> {
  const tables = await catalog.rows(`
    select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${catalog.relations} and c.relkind in ('r', 'p') and c.relrowsecurity and ${isNoMember(CLASS.relation, 'c.oid')} order by n.nspname, c.relname`);
  const policies = await catalog.rows(`
    select p.oid, ${tableColumns}, p.polname as name, quote_ident(p.polname) as quoted, p.polpermissive as permissive,
      case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' end as command,
      case when p.polroles <> '{0}' then (select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) from pg_roles r where r.oid = any (p.polroles)) end as roles,
      pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
    from pg_policy p ${inTable.replace('%s', 'p.polrelid')}
    where ${catalog.relations} and ${isNoMember(CLASS.policy, 'p.oid')} and ${isNoMember(CLASS.relation, 'c.oid')} order by n.nspname, c.relname, p.polname`);
  return [
    ...tables.map(
      (row): DumpObject => ({
        key: `row security:${text(row, 'oid')}`,
        kind: 'ROW SECURITY',
        schema: text(row, 'schema'),
        name: text(row, 'name'),
        owner: null,
        section: 'post-data',
        definition: `ALTER TABLE ${text(row, 'quoted')} ENABLE ROW LEVEL SECURITY;`,
        dropped: null,
        named: null,
        dependsOn: new Set([`${CLASS.relation}:${text(row, 'oid')}`]),
      }),
    ),
    ...policies.map(row =>
      onTable(
        row,
        CLASS.policy,
        'POLICY',
        `POLICY ${text(row, 'quoted')}`,
        `${[
          `CREATE POLICY ${text(row, 'quoted')} ON ${text(row, 'table_quoted')}`,
          ...(row.permissive === 't' ? [] : ['AS RESTRICTIVE']),
          ...(row.command === null ? [] : [`FOR ${row.command}`]),
          ...(row.roles === null ? [] : [`TO ${row.roles}`]),
          ...(row.using === null ? [] : [`USING (${row.using})`]),
          ...(row.check === null ? [] : [`WITH CHECK (${row.check})`]),
        ].join(' ')};`,
      ),
    ),
  ];
}
