/** What hangs on tables of somebody else's. */
import { isForeign, isOpen, isShared, objects, RELATION, relationName, sorted, yes } from '../words.ts';

/** What hangs on such a table by a reference to it. */
const onTable = (
  kind: string,
  catalog: string,
  reference: string,
  name: string,
  definition: string,
  where: string,
) =>
  objects(
    `'${kind}'`,
    `concat(${name}, ' on ', ${relationName})`,
    `${catalog} d join pg_class c on c.oid = d.${reference} join pg_namespace n on n.oid = c.relnamespace`,
    `n.nspname = any ($1::text[]) and ${where}`,
    { definition },
  );

const roleNames = `(select string_agg(case r when 0 then 'public' else r::regrole::text end, ',' order by r) from unnest(d.polroles) r)`;
const isOwnFunction = `exists (select from pg_proc p join pg_namespace f on f.oid = p.pronamespace
     where p.oid = d.tgfoid and not f.nspname = any ($1::text[]))`;

/** What of it is not written, and named where two databases differ in it. */
export const foreignCatalogs: readonly string[] = [
  onTable(
    ...(['trigger', 'pg_trigger', 'tgrelid', 'd.tgname', 'pg_get_triggerdef(d.oid)'] as const),
    `not d.tgisinternal and not ${isShared} and ${isOwnFunction}`,
  ),
  onTable(
    ...(['policy', 'pg_policy', 'polrelid', 'd.polname'] as const),
    `concat_ws(' ', d.polcmd, d.polpermissive, ${roleNames}, pg_get_expr(d.polqual, d.polrelid), '/', pg_get_expr(d.polwithcheck, d.polrelid))`,
    `not ${isShared}`,
  ),
  onTable(
    ...(['rule', 'pg_rewrite', 'ev_class', 'd.rulename', 'pg_get_ruledef(d.oid)'] as const),
    `${isForeign} and not ${isShared}`,
  ),
  onTable(
    ...([
      'index',
      'pg_index',
      'indrelid',
      'd.indexrelid::regclass',
      'pg_get_indexdef(d.indexrelid)',
    ] as const),
    `${isForeign} and not ${isOpen} and not exists (select from pg_constraint k where k.conindid = d.indexrelid)`,
  ),
  onTable(
    ...(['constraint', 'pg_constraint', 'conrelid', 'd.conname', 'pg_get_constraintdef(d.oid)'] as const),
    `${isForeign} and not ${isOpen}`,
  ),
  onTable(
    ...(['member of a publication:', 'pg_publication_rel', 'prrelid'] as const),
    '(select pubname from pg_publication where oid = d.prpubid)',
    `concat(d.prattrs, pg_get_expr(d.prqual, d.prrelid))`,
    `not ${isShared}`,
  ),
  onTable(
    ...(['privileges', 'pg_class', 'oid', `''`, sorted('d.relacl')] as const),
    `${isForeign} and not ${isShared}`,
  ),
  objects(
    `'column'`,
    `concat(${relationName}, '.', d.attname)`,
    `${RELATION} join pg_attribute d on d.attrelid = c.oid`,
    `n.nspname = any ($1::text[]) and d.attnum > 0 and not d.attisdropped and ${isForeign}`,
    { type: 'format_type(d.atttypid, d.atttypmod)', 'not null': yes('d.attnotnull') },
  ),
  objects(`'row security'`, relationName, RELATION, `n.nspname = any ($1::text[]) and ${isForeign}`, {
    on: yes('c.relrowsecurity'),
    'for the owner': yes('c.relforcerowsecurity'),
  }),
  // What whoever migrates has made in a schema that is not theirs.
  objects(
    `'function'`,
    'p.oid::regprocedure::text',
    'pg_proc p join pg_namespace n on n.oid = p.pronamespace',
    `n.nspname = any ($1::text[]) and p.prokind in ('f', 'p') and pg_get_userbyid(p.proowner) = ($5::text[])[1]`,
    { definition: 'pg_get_functiondef(p.oid)' },
  ),
];
