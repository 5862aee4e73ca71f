/** What tables do and who may: triggers, rules, policies, publications, event triggers, default privileges. */
import {
  comment,
  isOurRelation,
  isOurs,
  isOwn,
  isShared,
  listOf,
  objects,
  owner,
  RELATION,
  relationName,
  rights,
  word,
  yes,
} from '../words.ts';

const isLooked = `(${isOurRelation} or ${isShared})`;
const enabled = (letter: string): string =>
  word(`nullif(${letter}, 'O')`, { D: 'no', R: 'on replicas', A: 'always' });

const triggers = objects(
  `'trigger'`,
  `concat(t.tgname, ' on ', ${relationName})`,
  `${RELATION} join pg_trigger t on t.tgrelid = c.oid join pg_proc f on f.oid = t.tgfoid join pg_namespace fn on fn.oid = f.pronamespace`,
  // On a table of somebody else's it is ours when what it calls is.
  `not t.tgisinternal and (${isOurRelation} or ${isShared} and not fn.nspname = any ($1::text[]))`,
  {
    definition: 'pg_get_triggerdef(t.oid)',
    enabled: enabled('t.tgenabled'),
    comment: comment('pg_trigger', 't.oid'),
  },
  relationName,
);

const policies = objects(
  `'policy'`,
  `concat(p.polname, ' on ', ${relationName})`,
  `${RELATION} join pg_policy p on p.polrelid = c.oid`,
  isLooked,
  {
    command: word('p.polcmd', { '*': 'all', r: 'select', a: 'insert', w: 'update', d: 'delete' }),
    restrictive: yes('not p.polpermissive'),
    roles: listOf(`select case r when 0 then 'public' else ${owner('r')} end from unnest(p.polroles) r`),
    using: 'pg_get_expr(p.polqual, p.polrelid)',
    'with check': 'pg_get_expr(p.polwithcheck, p.polrelid)',
    comment: comment('pg_policy', 'p.oid'),
  },
  relationName,
);

const rules = objects(
  `'rule'`,
  `concat(r.rulename, ' on ', ${relationName})`,
  `${RELATION} join pg_rewrite r on r.ev_class = c.oid`,
  `r.rulename <> '_RETURN' and ${isLooked}`,
  {
    definition: 'pg_get_ruledef(r.oid)',
    enabled: enabled('r.ev_enabled'),
    comment: comment('pg_rewrite', 'r.oid'),
  },
  relationName,
);

const publications = objects(
  `'publication'`,
  'p.pubname::text',
  'pg_publication p',
  isOwn('pg_publication', 'p.oid'),
  {
    owner: owner('p.pubowner'),
    'all tables': yes('p.puballtables'),
    publishes: `concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
    case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end)`,
    'via root': yes('p.pubviaroot'),
    schemas: listOf(
      `select m.pnnspid::regnamespace::text from pg_publication_namespace m where m.pnpubid = p.oid`,
    ),
    comment: comment('pg_publication', 'p.oid'),
  },
);

const members = objects(
  `'member of a publication:'`,
  `concat(${relationName}, ' in ', p.pubname)`,
  `${RELATION} join pg_publication_rel m on m.prrelid = c.oid join pg_publication p on p.oid = m.prpubid`,
  `${isOwn('pg_publication', 'p.oid')} and ${isLooked}`,
  {
    columns: `(select string_agg(a.attname, ', ' order by a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = any (m.prattrs))`,
    where: 'pg_get_expr(m.prqual, m.prrelid)',
  },
  relationName,
);

/** An event trigger is whose its function is. */
const eventTriggers = objects(
  `'event trigger'`,
  'e.evtname::text',
  'pg_event_trigger e join pg_proc f on f.oid = e.evtfoid join pg_namespace n on n.oid = f.pronamespace',
  `${isOurs()} and ${isOwn('pg_event_trigger', 'e.oid')} and ${isOwn('pg_proc', 'f.oid')}`,
  {
    owner: owner('e.evtowner'),
    event: 'e.evtevent::text',
    function: 'e.evtfoid::regprocedure::text',
    enabled: enabled('e.evtenabled'),
    tags: `array_to_string(e.evttags, ', ')`,
    comment: comment('pg_event_trigger', 'e.oid'),
  },
);

/** Those of the owners that stand for whoever migrates are the first one's. */
const defaultPrivileges = objects(
  `'default privileges'`,
  `concat_ws(' ', 'of', r.rolname, 'for', ${word('d.defaclobjtype', { r: 'tables', S: 'sequences', f: 'functions', T: 'types', n: 'schemas' })}, 'in ' || n.nspname)`,
  'pg_default_acl d join pg_roles r on r.oid = d.defaclrole left join pg_namespace n on n.oid = d.defaclnamespace',
  `(n.oid is null or ${isOurs()}) and (not r.rolname = any ($5::text[]) or r.rolname = ($5::text[])[1])`,
  {
    rights: `case when n.oid is null then ${rights('d.defaclacl', `case d.defaclobjtype when 'S' then 's'::"char" else d.defaclobjtype end`, 'd.defaclrole')}
      else ${listOf(`select concat(case x.grantee when 0 then 'public' else g.rolname end, ' ', x.privilege_type, case when x.is_grantable then ' with grant option' end)
        from aclexplode(d.defaclacl) x left join pg_roles g on g.oid = x.grantee`)} end`,
  },
);

export const behaviourCatalogs: readonly string[] = [
  triggers,
  policies,
  rules,
  publications,
  members,
  eventTriggers,
  defaultPrivileges,
];
