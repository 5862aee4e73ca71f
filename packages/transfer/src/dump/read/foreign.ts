import { type Catalog, CLASS, isNoMember, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

const optionList = (of: string) =>
  `(select ' OPTIONS (' || e'\\n    ' || string_agg(format('%I %L', option_name, option_value), e',\\n    ') || e'\\n)' from pg_options_to_table(${of}))`;

/** Foreign data wrappers, servers and how roles log in to them. */
export async function readForeign(catalog: Catalog): Promise<DumpObject[]> {
  const routine = (oid: string) =>
    `(select format('%I.%I', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = ${oid})`;
  const wrappers = await catalog.rows(`
    select w.oid, w.fdwname as name, quote_ident(w.fdwname) as quoted, pg_get_userbyid(w.fdwowner) as owner,
      concat('CREATE FOREIGN DATA WRAPPER ', quote_ident(w.fdwname), ' HANDLER ' || ${routine('w.fdwhandler')}, ' VALIDATOR ' || ${routine('w.fdwvalidator')}, ${optionList('w.fdwoptions')}, ';') as definition
    from pg_foreign_data_wrapper w where ${isNoMember(CLASS.wrapper, 'w.oid')} order by w.fdwname`);
  const servers = await catalog.rows(`
    select s.oid, s.srvname as name, quote_ident(s.srvname) as quoted, pg_get_userbyid(s.srvowner) as owner, w.oid as wrapper,
      concat('CREATE SERVER ', quote_ident(s.srvname), ' TYPE ' || quote_literal(s.srvtype), ' VERSION ' || quote_literal(s.srvversion),
        ' FOREIGN DATA WRAPPER ', quote_ident(w.fdwname), ${optionList('s.srvoptions')}, ';') as definition
    from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw where ${isNoMember(CLASS.server, 's.oid')} order by s.srvname`);
  const mappings = await catalog.rows(`
    select m.umid as oid, m.usename as name, format('USER MAPPING IF EXISTS FOR %s SERVER %I', case m.usename when 'public' then 'PUBLIC' else quote_ident(m.usename) end, m.srvname) as mapping, m.srvname as server, m.srvid as server_oid,
      concat('CREATE USER MAPPING FOR ', case m.usename when 'public' then 'PUBLIC' else quote_ident(m.usename) end, ' SERVER ', quote_ident(m.srvname), ${optionList('m.umoptions')}, ';') as definition
    from pg_user_mappings m order by m.srvname, m.usename`);
  const plain = (
    kind: string,
    classId: number,
    row: Readonly<Record<string, string | null>>,
    dependsOn: readonly string[],
  ): DumpObject => ({
    key: `${classId}:${text(row, 'oid')}`,
    kind,
    schema: '',
    name:
      kind === 'USER MAPPING'
        ? `USER MAPPING ${text(row, 'name')} SERVER ${text(row, 'server')}`
        : text(row, 'name'),
    owner: row.owner ?? null,
    section: 'pre-data',
    definition: text(row, 'definition'),
    ...(row.mapping && { dropStatement: `DROP ${row.mapping};` }),
    dropped: row.quoted === undefined || row.quoted === null ? null : `${kind} ${row.quoted}`,
    named: row.quoted === undefined || row.quoted === null ? null : `${kind} ${row.quoted}`,
    dependsOn: new Set(dependsOn),
  });
  return [
    ...wrappers.map(row => plain('FOREIGN DATA WRAPPER', CLASS.wrapper, row, [])),
    ...servers.map(row => plain('SERVER', CLASS.server, row, [`${CLASS.wrapper}:${text(row, 'wrapper')}`])),
    ...mappings.map(row =>
      plain('USER MAPPING', CLASS.mapping, row, [`${CLASS.server}:${text(row, 'server_oid')}`]),
    ),
  ];
}

/** Collations, dictionaries and text search configurations. */
export async function readLanguages(catalog: Catalog): Promise<DumpObject[]> {
  const collations = await catalog.rows(`
    select c.oid, n.nspname as schema, c.collname as name, format('%I.%I', n.nspname, c.collname) as quoted, pg_get_userbyid(c.collowner) as owner,
      format('CREATE COLLATION %I.%I (%s);', n.nspname, c.collname, concat_ws(', ',
        case c.collprovider when 'c' then 'provider = libc' when 'i' then 'provider = icu' when 'b' then 'provider = builtin' end,
        case when not c.collisdeterministic then 'deterministic = false' end,
        case when c.colllocale is not null then format('locale = %L', c.colllocale) when c.collcollate = c.collctype then format('locale = %L', c.collcollate)
          else format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype) end,
        'rules = ' || quote_literal(c.collicurules))) as definition
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
    where n.oid = any (${catalog.schemas}) and ${isNoMember(CLASS.collation, 'c.oid')} order by 2, 3`);
  const dictionaries = await catalog.rows(`
    select d.oid, n.nspname as schema, d.dictname as name, format('%I.%I', n.nspname, d.dictname) as quoted, pg_get_userbyid(d.dictowner) as owner,
      format('CREATE TEXT SEARCH DICTIONARY %I.%I (%s);', n.nspname, d.dictname, concat_ws(', ', format(e'\\n    TEMPLATE = %I.%I', tn.nspname, t.tmplname), d.dictinitoption) || ' ') as definition
    from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace join pg_ts_template t on t.oid = d.dicttemplate join pg_namespace tn on tn.oid = t.tmplnamespace
    where n.oid = any (${catalog.schemas}) and ${isNoMember(CLASS.dictionary, 'd.oid')} order by 2, 3`);
  const configurations = await catalog.rows(`
    select g.oid, n.nspname as schema, g.cfgname as name, format('%I.%I', n.nspname, g.cfgname) as quoted, pg_get_userbyid(g.cfgowner) as owner,
      concat_ws(e'\\n\\n', format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I);', n.nspname, g.cfgname, pn.nspname, p.prsname),
        (select string_agg(format('ALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s;', n.nspname, g.cfgname, x.alias, x.dictionaries), e'\\n\\n' order by x.alias)
          from (select tt.alias, string_agg(format('%I.%I', dn.nspname, d.dictname), ', ' order by m.mapseqno) as dictionaries
            from pg_ts_config_map m join ts_token_type(g.cfgparser) tt on tt.tokid = m.maptokentype
            join pg_ts_dict d on d.oid = m.mapdict join pg_namespace dn on dn.oid = d.dictnamespace where m.mapcfg = g.oid group by tt.alias) x)) as definition
    from pg_ts_config g join pg_namespace n on n.oid = g.cfgnamespace join pg_ts_parser p on p.oid = g.cfgparser join pg_namespace pn on pn.oid = p.prsnamespace
    where n.oid = any (${catalog.schemas}) and ${isNoMember(CLASS.configuration, 'g.oid')} order by 2, 3`);
  const objects = (
    kind: string,
    classId: number,
    rows: readonly Readonly<Record<string, string | null>>[],
  ): DumpObject[] =>
    rows.map(row => ({
      key: `${classId}:${text(row, 'oid')}`,
      kind,
      schema: text(row, 'schema'),
      name: text(row, 'name'),
      owner: text(row, 'owner'),
      section: 'pre-data',
      definition: text(row, 'definition'),
      dropped: `${kind} ${text(row, 'quoted')}`,
      named: `${kind} ${text(row, 'quoted')}`,
      dependsOn: new Set(),
    }));
  return [
    ...objects('COLLATION', CLASS.collation, collations),
    ...objects('TEXT SEARCH DICTIONARY', CLASS.dictionary, dictionaries),
    ...objects('TEXT SEARCH CONFIGURATION', CLASS.configuration, configurations),
  ];
}

/** Kinds that only those who write extensions make, and that are not dumped: they are named instead. */
export async function readUnsupported(catalog: Catalog): Promise<readonly string[]> {
  const rows = await catalog.rows(`
    select kind || ' ' || name as name from (
      select 'operator class', ${2616}, o.oid, format('%I.%I', n.nspname, o.opcname) from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace where n.oid = any (${catalog.schemas})
      union all select 'operator family', ${2753}, o.oid, format('%I.%I', n.nspname, o.opfname) from pg_opfamily o join pg_namespace n on n.oid = o.opfnamespace where n.oid = any (${catalog.schemas})
      union all select 'conversion', ${2607}, o.oid, format('%I.%I', n.nspname, o.conname) from pg_conversion o join pg_namespace n on n.oid = o.connamespace where n.oid = any (${catalog.schemas})
      union all select 'text search parser', ${3601}, o.oid, format('%I.%I', n.nspname, o.prsname) from pg_ts_parser o join pg_namespace n on n.oid = o.prsnamespace where n.oid = any (${catalog.schemas})
      union all select 'text search template', ${3764}, o.oid, format('%I.%I', n.nspname, o.tmplname) from pg_ts_template o join pg_namespace n on n.oid = o.tmplnamespace where n.oid = any (${catalog.schemas})
      union all select 'base type', ${CLASS.type}, o.oid, format('%I.%I', n.nspname, o.typname) from pg_type o join pg_namespace n on n.oid = o.typnamespace
        where n.oid = any (${catalog.schemas}) and (o.typtype = 'b' and o.typelem = 0 or o.typtype = 'b' and not exists (select from pg_type e where e.typarray = o.oid) or o.typtype = 'p' )
      union all select 'access method', ${2601}, o.oid, o.amname from pg_am o where o.oid >= 16384
      union all select 'access method of table', 0, 0, format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_am am on am.oid = c.relam where n.oid = any (${catalog.schemas}) and c.relkind in ('r', 'p', 'm') and am.oid >= 16384
        and not exists (select from pg_depend e where e.classid = 2601 and e.objid = am.oid and e.deptype = 'e')
      union all select 'language', ${2612}, o.oid, o.lanname from pg_language o where o.oid >= 16384
      union all select 'transform', ${3576}, o.oid, o.oid::text from pg_transform o where o.oid >= 16384
      union all select 'subscription', ${6100}, o.oid, o.subname from pg_subscription o where o.subdbid = (select oid from pg_database where datname = current_database())
      union all select 'security label', 0, 0, coalesce(l.label, '') from pg_seclabel l
    ) as found (kind, class, oid, name)
    where not exists (select from pg_depend e where e.classid = found.class and e.objid = found.oid and e.deptype = 'e') order by 1`);
  return rows.map(row => text(row, 'name'));
}
