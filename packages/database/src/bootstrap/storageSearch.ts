/**
 * Listings of a bucket: one level of its names, as a walk that seeks past everything below a folder, so that a level costs
 * what it shows and not what lies under it. Names are compared by their bytes, which row security lets an index do.
 */
import { attempt, OWNER } from './sql.ts';

const entry =
  'id uuid, updated_at timestamp with time zone, created_at timestamp with time zone, last_accessed_at timestamp with time zone, metadata jsonb';

/**
 * Full names below `prefix`; folders end with a slash and have no id. `search` is what an entry's name begins with,
 * whatever its case; `after` the last name of the page before.
 */
export const levelFunction = attempt(
  'function storage.peakstone_level',
  `
  create or replace function storage.peakstone_level(bucket text, prefix text, search text, after text, most integer, skip integer, descending boolean)
    returns table (name text, ${entry})
    language plpgsql stable as $body$
  #variable_conflict use_column
  declare
    found storage.objects;
    first text collate "C" := prefix;
    ending text collate "C" := case when prefix <> '' then prefix || chr(1114111) end;
    begins constant integer := length(prefix) + 1;
    shown integer := 0;
    skipped integer := 0;
    slash integer;
    matches boolean;
    common text;
    hasMore boolean;
  begin
    if after <> '' and descending then ending := after;
    elsif after <> '' then first := case when right(after, 1) = '/' then left(after, -1) || '0' else after || chr(1) end;
    end if;
    loop
      hasMore := false;
      for found in
        (select o.* from storage.objects o
        where not descending and o.bucket_id = bucket and o.name collate "C" >= first and (ending is null or o.name collate "C" < ending)
        order by o.name collate "C" limit 1000)
        union all
        (select o.* from storage.objects o
        where descending and o.bucket_id = bucket and o.name collate "C" >= first and (ending is null or o.name collate "C" < ending)
        order by o.name collate "C" desc limit 1000)
      loop
        if shown >= most then return; end if;
        hasMore := true;
        matches := search = '' or lower(substr(found.name, begins, length(search))) = lower(search);
        slash := strpos(substr(found.name, begins + case when matches then length(search) else 0 end), '/');
        if slash > 0 then
          common := left(found.name, begins + slash - 1 + case when matches then length(search) else 0 end);
          -- What follows a slash, in order, is a zero.
          if descending then ending := common; else first := left(common, -1) || '0'; end if;
        elsif descending then ending := found.name;
        else first := found.name || chr(1);
        end if;
        if matches and skipped < skip then skipped := skipped + 1;
        elsif matches then
          shown := shown + 1;
          if slash > 0 then
            return query select common, null::uuid, null::timestamptz, null::timestamptz, null::timestamptz, null::jsonb;
          else
            return query select found.name, found.id, found.updated_at, found.created_at, found.last_accessed_at, found.metadata;
          end if;
        end if;
        exit when slash > 0;
      end loop;
      exit when not hasMore;
    end loop;
  end $body$;
  alter function storage.peakstone_level(text, text, text, text, integer, integer, boolean) owner to ${OWNER};`,
);

/** By their names and parameters, which clients call them with. @param make makes a function where there is none */
export function searchFunctions(
  make: (signature: string, returns: string, expression: string) => string,
): string[] {
  return [
    make(
      `search(prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0, search text default '', sortcolumn text default 'name', sortorder text default 'asc')`,
      `table (name text, ${entry}) language plpgsql stable`,
      `as $body$
      #variable_conflict use_column
      begin
        if lower(coalesce(sortcolumn, 'name')) not in ('updated_at', 'created_at', 'last_accessed_at') then
          return query select rtrim(substr(l.name, length(coalesce($1, '')) + 1), '/'), l.id, l.updated_at, l.created_at, l.last_accessed_at, l.metadata
            from storage.peakstone_level(bucketname, coalesce($1, ''), coalesce($6, ''), '', least(coalesce(limits, 100), 1500), coalesce(offsets, 0), lower(sortorder) = 'desc') l;
          return;
        end if;
        -- Folders have no times: they come first.
        return query execute format($sql$
          select e.name, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata from (
            select left(rest, nullif(strpos(substr(rest, length($3) + 1), '/'), 0) + length($3) - 1) as name, null::uuid as id,
              null::timestamptz as updated_at, null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
            from (select substr(o.name, length($1) + 1) as rest from storage.objects o where o.bucket_id = $2 and o.name collate "C" >= $1 and starts_with(o.name, $1)) below
            where lower(left(rest, length($3))) = lower($3) and strpos(substr(rest, length($3) + 1), '/') > 0
            group by 1
            union all
            select substr(o.name, length($1) + 1), o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
            from storage.objects o where o.bucket_id = $2 and o.name collate "C" >= $1 and starts_with(o.name, $1)
              and lower(substr(o.name, length($1) + 1, length($3))) = lower($3) and strpos(substr(o.name, length($1) + length($3) + 1), '/') = 0
          ) e
          order by e.id is not null, e.%1$I %2$s, e.name collate "C" %2$s limit $4 offset $5 $sql$,
          lower(sortcolumn), case when lower(sortorder) = 'desc' then 'desc' else 'asc' end)
          using coalesce($1, ''), bucketname, coalesce($6, ''), least(coalesce(limits, 100), 1500), coalesce(offsets, 0);
      end $body$`,
    ),
    make(
      `search_v2(prefix text, bucket_name text, limits integer default 100, levels integer default 1, start_after text default '', sort_order text default 'asc', sort_column text default 'name', sort_column_after text default '')`,
      `table (key text, name text, ${entry}) language plpgsql stable`,
      `as $body$
      #variable_conflict use_column
      begin
        if lower(coalesce(sort_column, 'name')) not in ('updated_at', 'created_at') then
          return query select split_part(l.name, '/', levels), l.name, l.id, l.updated_at, l.created_at, l.last_accessed_at, l.metadata
            from storage.peakstone_level(bucket_name, coalesce($1, ''), '', coalesce(start_after, ''), least(coalesce(limits, 100), 1500), 0, lower(sort_order) = 'desc') l;
          return;
        end if;
        return query execute format($sql$
          select split_part(e.name, '/', $5), e.name, e.id, e.updated_at, e.created_at, e.last_accessed_at, e.metadata from (
            select left(o.name, length($1) + strpos(substr(o.name, length($1) + 1), '/')) as name, null::uuid as id, max(o.updated_at) as updated_at,
              max(o.created_at) as created_at, max(o.last_accessed_at) as last_accessed_at, null::jsonb as metadata
            from storage.objects o where o.bucket_id = $2 and o.name collate "C" >= $1 and starts_with(o.name, $1) and strpos(substr(o.name, length($1) + 1), '/') > 0
            group by 1
            union all
            select o.name, o.id, o.updated_at, o.created_at, o.last_accessed_at, o.metadata
            from storage.objects o where o.bucket_id = $2 and o.name collate "C" >= $1 and starts_with(o.name, $1) and strpos(substr(o.name, length($1) + 1), '/') = 0
          ) e
          where $3 = '' or row(date_trunc('milliseconds', e.%1$I), e.name collate "C") %3$s row(coalesce(nullif($6, '')::timestamptz, 'epoch'), $3)
          order by date_trunc('milliseconds', e.%1$I) %2$s, e.name collate "C" %2$s limit $4 $sql$,
          lower(sort_column), case when lower(sort_order) = 'desc' then 'desc' else 'asc' end, case when lower(sort_order) = 'desc' then '<' else '>' end)
          using coalesce($1, ''), bucket_name, coalesce(start_after, ''), least(coalesce(limits, 100), 1500), levels, sort_column_after;
      end $body$`,
    ),
    make(
      'can_insert_object(bucketid text, name text, owner uuid, metadata jsonb)',
      'void language plpgsql',
      `as $body$
      begin
        insert into storage.objects (bucket_id, name, owner, metadata) values ($1, $2, $3, $4);
        raise sqlstate 'PT200' using message = 'ROLLBACK', detail = 'rollback successful insert';
      end $body$`,
    ),
    make(
      'get_size_by_bucket()',
      'table (size bigint, bucket_id text) language sql stable',
      `as $body$ select sum((o.metadata ->> 'size')::bigint)::bigint, o.bucket_id from storage.objects o group by o.bucket_id $body$`,
    ),
  ];
}
