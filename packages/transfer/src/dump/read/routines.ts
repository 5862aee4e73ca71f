import { type Catalog, CLASS, isNoMember, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

/** Functions, procedures and aggregates. */
export async function readRoutines(catalog: Catalog): Promise<DumpObject[]> {
  const routines = await catalog.rows(`
    select p.oid, n.nspname as schema, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
      format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as quoted,
      pg_get_userbyid(p.proowner) as owner,
      case p.prokind when 'a' then 'AGGREGATE' when 'p' then 'PROCEDURE' else 'FUNCTION' end as kind,
      case when p.prokind <> 'a' then regexp_replace(pg_get_functiondef(p.oid), '^CREATE OR REPLACE', 'CREATE') end as definition
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.oid = any (${catalog.schemas}) and ${isNoMember(CLASS.routine, 'p.oid')}
      and not exists (select from pg_depend i where i.classid = ${CLASS.routine} and i.objid = p.oid and i.deptype = 'i')
    order by n.nspname, p.proname, 3`);
  const aggregates = await readAggregates(catalog);
  return routines.map(row => ({
    key: `${CLASS.routine}:${text(row, 'oid')}`,
    kind: text(row, 'kind'),
    schema: text(row, 'schema'),
    name: text(row, 'name'),
    owner: text(row, 'owner'),
    section: 'pre-data',
    definition:
      row.definition === null ? aggregates.get(text(row, 'oid'))! : `${text(row, 'definition').trimEnd()};`,
    dropped: `${text(row, 'kind')} ${text(row, 'quoted')}`,
    named: `${text(row, 'kind')} ${text(row, 'quoted')}`,
    dependsOn: new Set(),
  }));
}

/** Their definitions, by number. @see https://www.postgresql.org/docs/17/catalog-pg-aggregate.html */
async function readAggregates(catalog: Catalog): Promise<ReadonlyMap<string, string>> {
  const finish = (name: string, modify: string, usual: string) =>
    `case a.${modify} when ${usual} then null when 'r' then '${name} = READ_ONLY' when 's' then '${name} = SHAREABLE' else '${name} = READ_WRITE' end`;
  const usual = `case when a.aggkind = 'n' then 'r'::"char" else 'w'::"char" end`;
  const rows = await catalog.rows(`
    select p.oid, format('CREATE AGGREGATE %I.%I(%s) (%s);', n.nspname, p.proname, pg_get_function_arguments(p.oid), e'\\n    ' || concat_ws(e',\\n    ',
      'SFUNC = ' || ${routine('a.aggtransfn')},
      'STYPE = ' || format_type(a.aggtranstype, null),
      case when a.aggtransspace <> 0 then 'SSPACE = ' || a.aggtransspace end,
      'INITCOND = ' || quote_literal(a.agginitval),
      'FINALFUNC = ' || ${routine('a.aggfinalfn')},
      case when a.aggfinalextra then 'FINALFUNC_EXTRA' end,
      ${finish('FINALFUNC_MODIFY', 'aggfinalmodify', usual)},
      'COMBINEFUNC = ' || ${routine('a.aggcombinefn')},
      'SERIALFUNC = ' || ${routine('a.aggserialfn')},
      'DESERIALFUNC = ' || ${routine('a.aggdeserialfn')},
      'MSFUNC = ' || ${routine('a.aggmtransfn')},
      'MINVFUNC = ' || ${routine('a.aggminvtransfn')},
      case when a.aggmtranstype <> 0 then 'MSTYPE = ' || format_type(a.aggmtranstype, null) end,
      case when a.aggmtransspace <> 0 then 'MSSPACE = ' || a.aggmtransspace end,
      'MINITCOND = ' || quote_literal(a.aggminitval),
      'MFINALFUNC = ' || ${routine('a.aggmfinalfn')},
      case when a.aggmfinalextra then 'MFINALFUNC_EXTRA' end,
      case when a.aggmtransfn <> 0 then ${finish('MFINALFUNC_MODIFY', 'aggmfinalmodify', usual)} end,
      (select format('SORTOP = OPERATOR(%I.%s)', sn.nspname, o.oprname) from pg_operator o join pg_namespace sn on sn.oid = o.oprnamespace where o.oid = a.aggsortop),
      case when a.aggkind = 'h' then 'HYPOTHETICAL' end,
      case p.proparallel when 's' then 'PARALLEL = safe' when 'r' then 'PARALLEL = restricted' end) || e'\\n') as definition
    from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join pg_namespace n on n.oid = p.pronamespace
    where n.oid = any (${catalog.schemas})`);
  return new Map(rows.map(row => [text(row, 'oid'), text(row, 'definition')]));
}

/** A routine's name with its schema, or null for none. */
function routine(oid: string): string {
  return `(select format('%I.%I', rn.nspname, r.proname) from pg_proc r join pg_namespace rn on rn.oid = r.pronamespace where r.oid = ${oid})`;
}

/** Operators and casts. */
export async function readOperators(catalog: Catalog): Promise<DumpObject[]> {
  const named = (oid: string) =>
    `(select format('OPERATOR(%I.%s)', sn.nspname, s.oprname) from pg_operator s join pg_namespace sn on sn.oid = s.oprnamespace where s.oid = ${oid})`;
  const type = (oid: string) => `case when ${oid} <> 0 then format_type(${oid}, null) end`;
  const operators = await catalog.rows(`
    select o.oid, n.nspname as schema, o.oprname as name, pg_get_userbyid(o.oprowner) as owner,
      format('%I.%s (%s, %s)', n.nspname, o.oprname, coalesce(${type('o.oprleft')}, 'NONE'), ${type('o.oprright')}) as quoted,
      format('CREATE OPERATOR %I.%s (%s);', n.nspname, o.oprname, e'\\n    ' || concat_ws(e',\\n    ',
        'FUNCTION = ' || ${routine('o.oprcode')}, 'LEFTARG = ' || ${type('o.oprleft')}, 'RIGHTARG = ' || ${type('o.oprright')},
        'COMMUTATOR = ' || ${named('o.oprcom')}, 'NEGATOR = ' || ${named('o.oprnegate')},
        case when o.oprcanmerge then 'MERGES' end, case when o.oprcanhash then 'HASHES' end,
        'RESTRICT = ' || ${routine('o.oprrest')}, 'JOIN = ' || ${routine('o.oprjoin')}) || e'\\n') as definition
    from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
    where n.oid = any (${catalog.schemas}) and o.oprcode <> 0 and ${isNoMember(CLASS.operator, 'o.oid')} order by 2, 3, 5`);
  const casts = await catalog.rows(`
    select c.oid, format('CAST (%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null)) as quoted,
      case c.castmethod when 'b' then 'WITHOUT FUNCTION' when 'i' then 'WITH INOUT' else (select format('WITH FUNCTION %I.%I(%s)', pn.nspname,
        p.proname, pg_get_function_identity_arguments(p.oid)) from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where p.oid = c.castfunc) end
      || case c.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end as definition
    from pg_cast c where c.oid >= 16384 and ${isNoMember(CLASS.cast, 'c.oid')}
      and not exists (select from pg_depend i where i.classid = ${CLASS.cast} and i.objid = c.oid and i.deptype = 'i') order by 2`);
  return [
    ...operators.map(
      (row): DumpObject => ({
        key: `${CLASS.operator}:${text(row, 'oid')}`,
        kind: 'OPERATOR',
        schema: text(row, 'schema'),
        name: text(row, 'name'),
        owner: text(row, 'owner'),
        section: 'pre-data',
        definition: text(row, 'definition'),
        dropped: `OPERATOR ${text(row, 'quoted')}`,
        named: `OPERATOR ${text(row, 'quoted')}`,
        dependsOn: new Set(),
      }),
    ),
    ...casts.map(
      (row): DumpObject => ({
        key: `${CLASS.cast}:${text(row, 'oid')}`,
        kind: 'CAST',
        schema: '',
        name: text(row, 'quoted'),
        owner: null,
        section: 'pre-data',
        definition: `CREATE ${text(row, 'quoted')} ${text(row, 'definition')};`,
        dropped: text(row, 'quoted'),
        named: text(row, 'quoted'),
        dependsOn: new Set(),
      }),
    ),
  ];
}
