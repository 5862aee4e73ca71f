/** What the queries of a description are made of. Names are qualified by the session: its search_path is pg_catalog. Pure. */
import { isNotPostgres } from '@peakstone/kernel/inventory';

/*
 * $1 schemas that are somebody else's, $2 tables in them on which triggers, policies, rules and publications are ours all the
 * same, $3 those of them with indexes and constraints, $4 all that both have, $5 owners that are one, $6 tables of a runner's own.
 */

/** One object: what it is, how it is named, the relation that it goes with, and all that it is made of, as JSON. */
export function objects(
  kind: string,
  name: string,
  from: string,
  where: string,
  properties: Readonly<Record<string, string>>,
  relation = 'null',
): string {
  const pairs = Object.entries(properties).map(([word, value]) => `'${word}', ${value}`);
  return `select ${kind}, ${name}, ${relation}, json_strip_nulls(json_build_object(${pairs.join(', ')}))::text
    from ${from} where ${where}`;
}

/** In a schema whose content is looked at. */
export function isOurs(namespace = 'n'): string {
  return `${isNotPostgres(`${namespace}.nspname`)} and not ${namespace}.nspname = any ($1::text[])`;
}

/** No part of an extension, and of nothing else (a range's cast). */
export function isOwn(catalog: string, oid: string, kinds = `'e'`): string {
  return `not exists (select from pg_depend dep where dep.classid = '${catalog}'::regclass and dep.objid = ${oid} and dep.deptype in (${kinds}))`;
}

/** A relation `c` in namespace `n` that is looked at with all its parts. */
export const isOurRelation = `${isOurs()} and not c.relname = any ($6::text[]) and ${isOwn('pg_class', 'c.oid')}`;

const isIn = (parameter: string): string => `concat(n.nspname, '.', c.relname) = any (${parameter}::text[])`;
export const isShared = isIn('$2');
export const isOpen = isIn('$3');
export const isForeign = isIn('$4');

export const RELATION = 'pg_class c join pg_namespace n on n.oid = c.relnamespace';
export const relationName = `concat(n.nspname, '.', c.relname)`;

/** A role's name; those that stand for whoever migrates have one name. */
export function owner(oid: string): string {
  return `(select case when rolname = any ($5::text[]) then 'whoever migrates' else rolname end from pg_roles where oid = ${oid})`;
}

/** What a privilege list gives and takes beyond the kind's default; an owner's other selves have none of their own. */
export function rights(acl: string, kind: string, ownerOid: string): string {
  const items = (list: string) =>
    `select concat(case when x.grantee = ${ownerOid} then 'owner' when x.grantee = 0 then 'public' else g.rolname end, ' ', x.privilege_type, case when x.is_grantable then ' with grant option' end) as item
     from aclexplode(${list}) x left join pg_roles g on g.oid = x.grantee
     where x.grantee = ${ownerOid} or g.rolname is null or not g.rolname = any ($5::text[])`;
  const byDefault = `acldefault(${kind}, ${ownerOid})`;
  return `case when ${acl} is not null then (select string_agg(item, ', ' order by item) from (
    select item from (${items(acl)} except ${items(byDefault)}) more
    union all select 'no ' || item from (${items(byDefault)} except ${items(acl)}) less) differing) end`;
}

export function comment(catalog: string, oid: string, part = '0'): string {
  return `(select m.description from pg_description m where m.classoid = '${catalog}'::regclass and m.objoid = ${oid} and m.objsubid = ${part})`;
}

/** A list in any order. */
export function sorted(list: string): string {
  return `(select string_agg(item::text, ', ' order by item::text) from unnest(${list}) item)`;
}

/** What a query finds, in any order. */
export function listOf(query: string): string {
  return sorted(`array(${query})`);
}

/** `yes`, or nothing. */
export function yes(condition: string): string {
  return `case when ${condition} then 'yes' end`;
}

/** Words for the letters of a catalog. */
export function word(letter: string, words: Readonly<Record<string, string>>): string {
  const cases = Object.entries(words).map(([key, value]) => `when '${key}' then '${value}'`);
  return `case ${letter}::text ${cases.join(' ')} else ${letter}::text end`;
}
