/** Extensions that a dump needs, made and moved. A script of theirs runs as the administrator. Pure. */
import { EXTENSIONS_SCHEMA as HOME, JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { World } from '../world.ts';
import { block, refuse } from './block.ts';

/** Nobody has made it and given it away: only who may do everything owns it, and makes things there. */
export function makeHome(): string {
  return `create schema if not exists ${HOME}; ${block(`
  if ${isOpenHome} then
    ${refuse(`schema ${HOME} is not the administrator’s alone`)}
  end if;
  grant usage on schema ${HOME} to public;`)}`;
}

/** What is not one of PostgreSQL's own codes. */
export const HELD = 'PS001';

const PATIENCE = `interval '20 seconds'`;

/**
 * Its script would find what lesser roles have put into its schema: nobody makes anything there while it is looked and made,
 * and who has begun to is waited for.
 */
export function makeExtension(
  name: string,
  schema: string | null,
  { owner, isSuperuser }: Pick<World, 'owner' | 'isSuperuser'>,
): string {
  const create = `if not exists (select from pg_extension where extname = ${literal(name)}) then
    create extension ${id(name)}${schema === null ? '' : ` schema ${id(schema)}`};
    if to_regclass('${JOURNAL_SCHEMA}.extension') is not null then
      insert into ${JOURNAL_SCHEMA}.extension select oid from pg_extension where extname = ${literal(name)};
    end if;
  end if`;
  if (schema === null) return block(` ${create};`);
  if (schema === HOME)
    return block(`
  if ${isOpenHome} then
    ${refuse(`schema ${HOME} is not the administrator’s alone`)}
  end if;
  ${create};`);
  return block(
    `
  ${isSuperuser ? HOLD_STILL : ''}
  ${assertOwners(schema, owner)}
  if ${holdsCode(schema)} then raise exception using errcode = ${literal(HELD)}; end if;
  ${create};`,
    `others text[]; patience timestamptz := clock_timestamp() + ${PATIENCE};`,
  );
}

/** Made by this import, which remembers it; what rests on it keeps it. */
export function dropMadeExtension(name: string): string {
  return block(`
  if exists (select from pg_extension e where e.extname = ${literal(name)} and e.oid not in (select oid from ${JOURNAL_SCHEMA}.extension)) then
    ${refuse(`extension ${name} was not made by this import`)}
  end if;
  drop extension if exists ${id(name)};`);
}

/**
 * One of the stack's, to where the dump names it. Whoever owns the schema may drop it and what is in it: so it moves to the
 * owner's only where the owner could have made it, and where nobody else has anything that depends on it or names it.
 */
export function moveExtension(name: string, schema: string, { owner }: Pick<World, 'owner'>): string {
  const byHand = `As the administrator, when nothing of others is lost by it: alter extension ${id(name)} set schema ${id(schema)}`;
  const isHome = schema === HOME;
  return block(
    `
  perform set_config('lock_timeout', '20s', true);
  select e.oid, n.nspname into extension, place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = ${literal(name)};
  if extension is null or place = ${literal(schema)} then
    return;
  end if;
  if exists (select from pg_extension e join pg_roles r on r.oid = e.extowner where e.oid = extension
      and not (r.rolsuper or r.rolname = current_user)) then
    ${refuse(`extension ${name} is not the administrator’s`, byHand)}
  end if;
  ${isHome ? `if ${isOpenHome} then ${refuse(`schema ${HOME} is not the administrator’s alone`, byHand)} end if;` : ''}
  if place <> ${literal(HOME)} and not exists (select from pg_namespace where nspname = place and ${isOwners('nspowner', owner)}) then
    ${refuse(`extension ${name} is in a schema that is neither the stack’s nor the application’s`, byHand)}
  end if;
  ${isHome ? '' : mayGiveAway(name, schema, owner, byHand)}
  alter extension ${id(name)} set schema ${id(schema)};`,
    'extension oid; place name; users text;',
  );
}

function mayGiveAway(name: string, schema: string, owner: string, byHand: string): string {
  return `
  ${assertOwners(schema, owner)}
  if not exists (select from pg_available_extension_versions v join pg_extension e on e.extname = v.name and e.extversion = v.version
      where e.oid = extension and v.trusted) then
    ${refuse(`only the administrator may make extension ${name}, and ${schema} is the application’s`, byHand)}
  end if;
  with ${MEMBERS}, user_of (object) as (
      select pg_describe_object(d.classid, d.objid, d.objsubid)
      from pg_depend d join member m on m.classid = d.refclassid and m.objid = d.refobjid
      left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
      left join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
      left join pg_constraint s on d.classid = 'pg_constraint'::regclass and s.oid = d.objid
      left join pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
      left join pg_policy p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
      left join pg_class c on c.oid = coalesce(w.ev_class, a.adrelid, nullif(s.conrelid, 0), t.tgrelid, p.polrelid,
        case when d.classid = 'pg_class'::regclass then d.objid end)
      left join pg_proc f on d.classid = 'pg_proc'::regclass and f.oid = d.objid
      left join pg_type y on d.classid = 'pg_type'::regclass and y.oid = d.objid
      where d.deptype in ('n', 'a') and (d.classid, d.objid) not in (select classid, objid from member)
        -- Parts of operator classes, which stand for them.
        and d.classid not in ('pg_amop'::regclass, 'pg_amproc'::regclass)
        and not coalesce(${isOwners('coalesce(c.relowner, f.proowner, y.typowner)', owner)}, false)
      union all
      select pg_describe_object(d.classid, d.objid, 0) from pg_depend d
      where d.refclassid = 'pg_extension'::regclass and d.refobjid = extension and d.deptype = 'n'
      union all
      select p.oid::regprocedure::text from pg_proc p join pg_language l on l.oid = p.prolang and l.lanname not in ('c', 'internal')
      where not ${isOwners('p.proowner', owner)} and ('pg_proc'::regclass, p.oid) not in (select classid, objid from member)
        and p.prosrc ~* ('\\m' || place || '"?\\s*\\.\\s*"?(' || (select string_agg(f.proname, '|') from pg_proc f join member m
          on m.classid = 'pg_proc'::regclass and m.objid = f.oid) || ')\\M'))
  select string_agg(object, ', ') into users from (select object from user_of order by 1 limit 5) as few;
  if users is not null then
    raise exception using errcode = '42501', message = format('things of others than %s use extension %s: %s',
      ${literal(owner)}, ${literal(name)}, users), hint = ${literal(byHand)};
  end if;`;
}

/** Given `extension`, its oid. */
const MEMBERS = `member as (select classid, objid from pg_depend
      where refclassid = 'pg_extension'::regclass and refobjid = extension and deptype = 'e')`;

/** A condition: a role is the owner of what is imported, or one that it is a member of, and no administrator. */
function isOwners(role: string, owner: string): string {
  return `pg_has_role(${literal(owner)}, ${role}, 'usage')`;
}

function assertOwners(schema: string, owner: string): string {
  return `if not exists (select from pg_namespace where nspname = ${literal(schema)} and ${isOwners('nspowner', owner)}) then
    ${refuse(`schema ${schema} is not the application’s`)}
  end if;`;
}

/** A condition: somebody of less power owns the schema of extensions, may make things in it, or has. */
const isOpenHome = `exists (select from pg_namespace n, pg_roles r where n.nspname = ${literal(HOME)}
    and not (r.rolsuper or r.rolname = current_user) and (n.nspowner = r.oid or has_schema_privilege(r.oid, n.oid, 'create')))
    or ${holdsCode(HOME)}`;

/**
 * A lock on a catalog is given back at once by who has written to it, and what they wrote is seen when they commit: so the
 * transactions that were under way in this database are waited for, behind locks that let nobody begin.
 */
const HOLD_STILL = `
  perform set_config('lock_timeout', '20s', true);
  lock table pg_catalog.pg_proc, pg_catalog.pg_operator, pg_catalog.pg_type in share row exclusive mode;
  select array_agg(l.transactionid::text) into others from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock' and l.pid is distinct from pg_backend_pid()
      and (a.datname is null or a.datname = current_database());
  while exists (select from pg_locks l where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
      and l.transactionid::text = any (others)) loop
    if clock_timestamp() > patience then
      raise exception 'other transactions write to this database' using hint = 'Import again when they have ended.';
    end if;
    perform pg_sleep(0.05);
  end loop;`;

/** A condition: the schema has something of a lesser role in it that a script might call. */
function holdsCode(schema: string): string {
  const ofOthers = (catalog: string, owner: string, namespace: string, more = ''): string =>
    `exists (select from pg_catalog.${catalog} o join pg_catalog.pg_roles r on r.oid = o.${owner}
      join pg_catalog.pg_namespace n on n.oid = o.${namespace} where n.nspname = ${literal(schema)}
        and not (r.rolsuper or r.rolname = current_user)${more})`;
  return `(${[
    ofOthers('pg_proc', 'proowner', 'pronamespace'),
    ofOthers('pg_operator', 'oprowner', 'oprnamespace'),
    ofOthers('pg_type', 'typowner', 'typnamespace', ` and not ${isRowType('o.oid')}`),
  ].join(' or ')})`;
}

/** A condition: it came with a table or view, or is the array of such a type. A script that makes one of that name fails; no code is run. */
function isRowType(type: string): string {
  return `exists (select from pg_catalog.pg_class c join pg_catalog.pg_type y on y.oid = c.reltype
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${type} in (y.oid, y.typarray))`;
}
