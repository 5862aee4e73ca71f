/**
 * SQL that fills an empty database with `relations` tables and views over ten schemas, shaped like real ones:
 * ten columns each, two foreign keys, every tenth relation a junction, every fifth a view over a join.
 * Commits every hundred relations, so that the lock table never fills.
 */
export function manyRelationsSql(relations: number): readonly string[] {
  return [
    'set synchronous_commit = off',
    'set client_min_messages = warning',
    ...Array.from({ length: 10 }, (_, i) => `create schema s${i}`),
    "create type s0.status as enum ('draft', 'open', 'paid', 'shipped', 'cancelled')",
    "create domain s0.email as text check (position('@' in value) > 1)",
    `create procedure s0.fill(relations int) language plpgsql as $fill$
    declare
      n int;
      sch text;
      a text := 's0.t0';
      b text := 's0.t0';
      c text := 's0.t0';
    begin
      create table s0.t0 (id bigint primary key, name text not null default '', owner_id bigint, parent_id bigint);
      for n in 1 .. relations - 1 loop
        sch := 's' || n % 10;
        if n % 10 = 3 then
          execute format('create table %s.t%s (a_id bigint references %s, b_id bigint references %s,
            added_at timestamptz not null default now(), note varchar(40), weight real, rank int, tags text[],
            data jsonb, kind s0.status, active boolean default true, primary key (a_id, b_id))', sch, n, a, b);
        elsif n % 5 = 4 then
          execute format('create view %s.t%s as select x.id, x.name, x.owner_id, x.parent_id, y.id as other_id,
            y.name as other_name, upper(x.name) as loud, coalesce(y.parent_id, 0) as parent,
            case when x.id > 5 then ''many'' else ''few'' end as size, count(*) over () as total
            from %s x join %s y on y.id = x.owner_id where x.name <> ''''', sch, n, a, b);
        else
          execute format('create table %s.t%s (id bigint primary key, name text not null default '''',
            created_at timestamptz not null default now(), price numeric(10,2), kind s0.status default ''draft'',
            tags text[], data jsonb, mail s0.email, owner_id bigint references %s, parent_id bigint references %s)',
            sch, n, b, c);
          c := b;
          b := a;
          a := format('%s.t%s', sch, n);
        end if;
        if n % 100 = 0 then
          commit;
        end if;
      end loop;
    end $fill$`,
    `call s0.fill(${relations})`,
    'analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_constraint',
  ];
}
