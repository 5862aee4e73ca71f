/** Functions and types, and what calls them: casts, operators and their families, languages, text search. */
import { comment, isOurs, isOwn, listOf, objects, owner, rights, word, yes } from '../words.ts';

const inSchema = (catalog: string, namespace: string): string =>
  `${catalog} d join pg_namespace n on n.oid = d.${namespace}`;
const own = (catalog: string): string => `${isOurs()} and ${isOwn(catalog, 'd.oid')}`;
/** PostgreSQL's own have numbers below. */
const isMade = 'd.oid > 16383';
/** What nobody makes by itself. */
const INNER = `'e', 'i'`;

const routines = objects(
  word('d.prokind', { f: 'function', p: 'procedure', a: 'aggregate', w: 'window function' }),
  'd.oid::regprocedure::text',
  inSchema('pg_proc', 'pronamespace'),
  `${isOurs()} and ${isOwn('pg_proc', 'd.oid', INNER)}`,
  {
    owner: owner('d.proowner'),
    rights: rights('d.proacl', `'f'`, 'd.proowner'),
    definition: `case when d.prokind <> 'a' then pg_get_functiondef(d.oid)
      else (select concat_ws(' ', pg_get_function_arguments(d.oid), pg_get_function_result(d.oid), d.proparallel, (to_jsonb(g) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop')::text,
        g.aggtranstype::regtype, g.aggmtranstype::regtype, g.aggsortop::regoper) from pg_aggregate g where g.aggfnoid = d.oid) end`,
    comment: comment('pg_proc', 'd.oid'),
  },
);

/** Neither those of tables nor arrays, and no multirange, which its range makes. */
const types = objects(
  `case d.typtype when 'd' then 'domain' when 'c' then 'composite type' else 'type' end`,
  `concat(n.nspname, '.', d.typname)`,
  `${inSchema('pg_type', 'typnamespace')} left join pg_class c on c.oid = d.typrelid left join pg_range r on r.rngtypid = d.oid`,
  `${own('pg_type')} and d.typtype in ('b', 'c', 'd', 'e', 'r') and (c.oid is null or c.relkind = 'c')
    and not exists (select from pg_type t where t.typarray = d.oid) and ${isOwn('pg_type', 'd.oid', INNER)}`,
  {
    owner: owner('d.typowner'),
    rights: rights('d.typacl', `'T'`, 'd.typowner'),
    base: `case when d.typtype = 'd' then format_type(d.typbasetype, d.typtypmod) end`,
    'not null': yes('d.typnotnull'),
    default: 'd.typdefault',
    collation: `case when d.typtype = 'd' then nullif(d.typcollation, 0)::regcollation::text end`,
    values: `(select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = d.oid)`,
    range: `case when r.rngtypid is not null then concat_ws(' ', r.rngsubtype::regtype, nullif(r.rngcollation, 0)::regcollation, (select opcname from pg_opclass where oid = r.rngsubopc),
      r.rngcanonical, r.rngsubdiff, r.rngmultitypid::regtype) end`,
    functions: `case when d.typtype = 'b' then concat_ws(' ', d.typinput, d.typoutput, d.typreceive, d.typsend, d.typmodin, d.typmodout, d.typlen, d.typbyval, d.typalign, d.typstorage, d.typcategory, d.typispreferred) end`,
    comment: comment('pg_type', 'd.oid'),
  },
);

const domainConstraints = objects(
  `'constraint'`,
  `concat(k.conname, ' on ', n.nspname, '.', d.typname)`,
  `${inSchema('pg_type', 'typnamespace')} join pg_constraint k on k.contypid = d.oid`,
  `k.contype = 'c' and ${own('pg_type')}`,
  { definition: 'pg_get_constraintdef(k.oid)', comment: comment('pg_constraint', 'k.oid') },
  `concat(n.nspname, '.', d.typname)`,
);

const operators = [
  objects(
    `'operator'`,
    'd.oid::regoperator::text',
    inSchema('pg_operator', 'oprnamespace'),
    // One that is only named by another is not there yet.
    `d.oprcode <> 0 and ${own('pg_operator')}`,
    {
      owner: owner('d.oprowner'),
      definition: `concat_ws(' ', d.oprcode, nullif(d.oprcom, 0)::regoperator, nullif(d.oprnegate, 0)::regoperator, d.oprrest, d.oprjoin, d.oprcanhash, d.oprcanmerge)`,
      comment: comment('pg_operator', 'd.oid'),
    },
  ),
  objects(
    `'operator class'`,
    `concat(n.nspname, '.', d.opcname)`,
    inSchema('pg_opclass', 'opcnamespace'),
    own('pg_opclass'),
    {
      owner: owner('d.opcowner'),
      definition: `concat_ws(' ', (select amname from pg_am where oid = d.opcmethod), d.opcintype::regtype, nullif(d.opckeytype, 0)::regtype, d.opcdefault, (select opfname from pg_opfamily where oid = d.opcfamily))`,
    },
  ),
  objects(
    `'operator family'`,
    `concat(n.nspname, '.', d.opfname)`,
    inSchema('pg_opfamily', 'opfnamespace'),
    `${isOurs()} and ${isOwn('pg_opfamily', 'd.oid', `'e', 'i', 'a'`)}`,
    {
      owner: owner('d.opfowner'),
      operators: listOf(
        `select concat(a.amopstrategy, ' ', a.amopopr::regoperator) from pg_amop a where a.amopfamily = d.oid`,
      ),
      functions: listOf(
        `select concat(a.amprocnum, ' ', a.amproc) from pg_amproc a where a.amprocfamily = d.oid`,
      ),
    },
  ),
  objects(
    `'cast'`,
    `concat(format_type(d.castsource, null), ' AS ', format_type(d.casttarget, null))`,
    'pg_cast d',
    `${isMade} and ${isOwn('pg_cast', 'd.oid', INNER)}`,
    {
      function: `nullif(d.castfunc, 0)::regprocedure::text`,
      context: `concat(d.castcontext, d.castmethod)`,
      comment: comment('pg_cast', 'd.oid'),
    },
  ),
];

const textSearch = (
  [
    ['configuration', 'pg_ts_config', 'cfg'],
    ['dictionary', 'pg_ts_dict', 'dict'],
    ['parser', 'pg_ts_parser', 'prs'],
    ['template', 'pg_ts_template', 'tmpl'],
  ] as const
).map(([kind, catalog, prefix]) =>
  objects(
    `'text search ${kind}'`,
    `concat(n.nspname, '.', d.${prefix}name)`,
    inSchema(catalog, `${prefix}namespace`),
    own(catalog),
    {
      ...(prefix === 'cfg' && {
        owner: owner('d.cfgowner'),
        parser: `(select prsname from pg_ts_parser where oid = d.cfgparser)`,
        mappings: `(select string_agg(concat(maptokentype, ' ', mapseqno, ' ', mapdict::regdictionary), ', ' order by maptokentype, mapseqno) from pg_ts_config_map where mapcfg = d.oid)`,
      }),
      ...(prefix === 'dict' && {
        owner: owner('d.dictowner'),
        template: `(select tmplname from pg_ts_template where oid = d.dicttemplate)`,
        options: 'd.dictinitoption',
      }),
      comment: comment(catalog, 'd.oid'),
    },
  ),
);

const languages = [
  objects(
    `'language'`,
    'd.lanname::text',
    'pg_language d',
    `${isMade} and ${isOwn('pg_language', 'd.oid')}`,
    {
      owner: owner('d.lanowner'),
      rights: rights('d.lanacl', `'l'`, 'd.lanowner'),
      trusted: yes('d.lanpltrusted'),
      functions: `concat_ws(' ', d.lanplcallfoid::regproc, d.laninline::regproc, d.lanvalidator::regproc)`,
    },
  ),
  objects(
    `'transform'`,
    `concat(format_type(d.trftype, null), ' in ', (select lanname from pg_language where oid = d.trflang))`,
    'pg_transform d',
    isOwn('pg_transform', 'd.oid'),
    { functions: `concat_ws(' ', d.trffromsql, d.trftosql)` },
  ),
  objects(`'access method'`, 'd.amname::text', 'pg_am d', `${isMade} and ${isOwn('pg_am', 'd.oid')}`, {
    handler: 'd.amhandler::text',
    kind: 'd.amtype::text',
  }),
  objects(
    `'collation'`,
    `concat(n.nspname, '.', d.collname)`,
    inSchema('pg_collation', 'collnamespace'),
    own('pg_collation'),
    {
      owner: owner('d.collowner'),
      // A locale's column has another name in each version of PostgreSQL, and its version is the machine's.
      definition: `(to_jsonb(d) - 'oid' - 'collname' - 'collnamespace' - 'collowner' - 'collversion')::text`,
      comment: comment('pg_collation', 'd.oid'),
    },
  ),
  objects(
    `'conversion'`,
    `concat(n.nspname, '.', d.conname)`,
    inSchema('pg_conversion', 'connamespace'),
    own('pg_conversion'),
    {
      owner: owner('d.conowner'),
      definition: `concat_ws(' ', pg_encoding_to_char(d.conforencoding), pg_encoding_to_char(d.contoencoding), d.conproc, d.condefault)`,
    },
  ),
];

const elsewhere = [
  objects(
    `'foreign data wrapper'`,
    'd.fdwname::text',
    'pg_foreign_data_wrapper d',
    isOwn('pg_foreign_data_wrapper', 'd.oid'),
    {
      owner: owner('d.fdwowner'),
      rights: rights('d.fdwacl', `'F'`, 'd.fdwowner'),
      functions: `concat_ws(' ', nullif(d.fdwhandler, 0)::regproc, nullif(d.fdwvalidator, 0)::regproc)`,
      options: optionNames('d.fdwoptions'),
      comment: comment('pg_foreign_data_wrapper', 'd.oid'),
    },
  ),
  objects(`'server'`, 'd.srvname::text', 'pg_foreign_server d', isOwn('pg_foreign_server', 'd.oid'), {
    owner: owner('d.srvowner'),
    rights: rights('d.srvacl', `'S'`, 'd.srvowner'),
    wrapper: `(select fdwname from pg_foreign_data_wrapper where oid = d.srvfdw)`,
    kind: `concat_ws(' ', d.srvtype, d.srvversion)`,
    options: optionNames('d.srvoptions'),
    comment: comment('pg_foreign_server', 'd.oid'),
  }),
  // Its options are for those alone who run the database.
  objects(
    `'user mapping'`,
    `concat(case d.umuser when 0 then 'public' else ${owner('d.umuser')} end, ' on ', d.srvname)`,
    'pg_user_mappings d',
    'true',
    {},
  ),
];

/** Values are other machines' addresses and passwords, which no plan writes. */
function optionNames(options: string): string {
  return listOf(`select split_part(item, '=', 1) from unnest(${options}) item`);
}

const schemas = [
  objects(
    `'schema'`,
    'n.nspname::text',
    'pg_namespace n',
    `${isOurs()} and ${isOwn('pg_namespace', 'n.oid')}`,
    {
      owner: owner('n.nspowner'),
      rights: rights('n.nspacl', `'n'`, 'n.nspowner'),
      comment: comment('pg_namespace', 'n.oid'),
    },
  ),
  objects(`'extension'`, 'd.extname::text', 'pg_extension d', isMade, {
    schema: 'd.extnamespace::regnamespace::text',
  }),
  objects(
    `'security label'`,
    `concat_ws(' ', i.type, i.identity, d.provider)`,
    'pg_seclabel d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i',
    `i.schema is null or not i.schema = any ($1::text[])`,
    { label: 'd.label' },
  ),
];

export const routineCatalogs: readonly string[] = [
  routines,
  types,
  domainConstraints,
  ...operators,
  ...textSearch,
  ...languages,
  ...elsewhere,
  ...schemas,
];
