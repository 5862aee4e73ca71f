-- Functions that clients call (RPC), fields and relationships that are computed, and triggers.
-- Bodies in standard SQL syntax are parsed when they are made, so that no search path can change what they mean.

---------------------------------------------------------------- who asks

-- Runs with its owner's rights, as policies on people.accounts themselves ask it.
create function people.is_staff() returns boolean
  language sql stable security definer parallel safe
  return exists (select from people.accounts where id = (select auth.uid()) and kind in ('keeper', 'agent'));
comment on function people.is_staff is 'Whether the signed-in user works for us.';

create function public.me() returns setof people.accounts
  language sql stable rows 1
  begin atomic
    select * from people.accounts where id = (select auth.uid());
  end;
comment on function public.me is 'The signed-in user''s account.';

---------------------------------------------------------------- computed fields

create function public.age(lighthouse public.lighthouses) returns int
  language sql stable
  return extract(year from current_date)::int - lighthouse.built;
comment on function public.age is 'Years since the lighthouse was built.';

-- The stays between a review and its lighthouse are private; their mean is not.
create function public.rating(lighthouse public.lighthouses) returns numeric
  language sql stable security definer
  return (
    select round(avg(v.rating), 2)
    from public.rooms r
    join public.stays s on s.room_id = r.id
    join public.reviews v on v.stay_id = s.id
    where r.lighthouse_id = lighthouse.id
  );
comment on function public.rating is 'Mean of its reviews.';

---------------------------------------------------------------- computed relationships

create function public.neighbours(lighthouse public.lighthouses) returns setof public.lighthouses
  language sql stable rows 3
  begin atomic
    select o.*
    from public.lighthouses o
    where o.id <> lighthouse.id
    order by ((o.position).latitude - (lighthouse.position).latitude) ^ 2
      + ((o.position).longitude - (lighthouse.position).longitude) ^ 2, o.id
    limit 3;
  end;
comment on function public.neighbours is 'The three nearest other lighthouses.';

create function public.best_room(lighthouse public.lighthouses) returns setof public.rooms
  language sql stable rows 1
  begin atomic
    select r.* from public.rooms r where r.lighthouse_id = lighthouse.id order by r.floor desc, r.id limit 1;
  end;
comment on function public.best_room is 'The room with the widest view.';

---------------------------------------------------------------- reading

create function public.search_lighthouses(query text, country text default null, min_height numeric default 0)
  returns setof public.lighthouses
  language sql stable
  begin atomic
    select l.*
    from public.lighthouses l
    where l.search @@ websearch_to_tsquery('english', query)
      and (country is null or l.country_code = country)
      and l.height_m >= min_height
    order by ts_rank(l.search, websearch_to_tsquery('english', query)) desc, l.id;
  end;
comment on function public.search_lighthouses is 'Full-text search in names and descriptions, best first.

`query` takes words, "phrases", `or` and `-without`.';

create function public.with_tags(variadic names text[]) returns setof public.lighthouses
  language sql stable
  begin atomic
    select l.*
    from public.lighthouses l
    where (
      select count(*) from public.lighthouse_tags t join common.tags n on n.id = t.tag_id
      where t.lighthouse_id = l.id and n.name = any (names)
    ) = cardinality(names)
    order by l.id;
  end;
comment on function public.with_tags is 'Lighthouses that have all of these tags.';

-- Sees all stays, of which it tells nothing but that a room is taken.
create function public.free_rooms(arrives date, departs date, guests int default 2)
  returns table (room_id int, lighthouse text, room text, beds int, nights int, total numeric)
  language sql stable security definer
  begin atomic
    select r.id, l.name, r.name, r.beds, free_rooms.departs - free_rooms.arrives,
      r.price_per_night * (free_rooms.departs - free_rooms.arrives)
    from public.rooms r
    join public.lighthouses l on l.id = r.lighthouse_id and l.open
    where r.beds >= free_rooms.guests and free_rooms.departs > free_rooms.arrives
      and not exists (
        select from public.stays s
        where s.room_id = r.id and s.status <> 'cancelled'
          and s.arrives < free_rooms.departs and s.departs > free_rooms.arrives
      )
    order by 6, 1;
  end;
comment on function public.free_rooms is 'Rooms that nobody has in these nights, cheapest first.';

create function public.occupancy(year int default 2026)
  returns table (month int, stays bigint, nights bigint, revenue numeric)
  language sql stable
  begin atomic
    select extract(month from s.arrives)::int, count(*), sum(s.nights), sum(s.price)
    from public.stays s
    where s.arrives >= make_date(occupancy.year, 1, 1) and s.arrives < make_date(occupancy.year + 1, 1, 1)
      and s.status <> 'cancelled'
    group by 1
    order by 1;
  end;
comment on function public.occupancy is 'Stays, nights and revenue by month, of the stays that the reader may see.';

---------------------------------------------------------------- writing

create function public.book(room_id int, arrives date, departs date, guests int default 2) returns public.stays
  language sql volatile
  begin atomic
    insert into public.stays (room_id, arrives, departs, guests)
    values (book.room_id, book.arrives, book.departs, book.guests)
    returning *;
  end;
comment on function public.book is 'Books a room for the signed-in user. Refused when the room is taken.';

create function public.cancel(stay_id bigint) returns setof public.stays
  language sql volatile rows 1
  begin atomic
    update public.stays set status = 'cancelled' where id = cancel.stay_id and arrives > current_date returning *;
  end;
comment on function public.cancel is 'Cancels a stay of the signed-in user that has not begun. Gives no row when there is none.';

-- Whoever asks may leave an inquiry, and read none.
create function public.inquire(email text, occasion leads.occasion, message text, lighthouse_id int default null, guests int default null)
  returns bigint
  language sql volatile security definer
  begin atomic
    insert into leads.inquiries (email, occasion, message, lighthouse_id, guests)
    values (inquire.email, inquire.occasion, inquire.message, inquire.lighthouse_id, inquire.guests)
    returning id;
  end;
comment on function public.inquire is 'Asks for a whole lighthouse. Returns the number of the inquiry.';

create function activities.watch(json) returns int
  language sql volatile
  set statement_timeout to '10s'
  begin atomic
    with written as (
      insert into activities.logbook (lighthouse_id, at, keeper_id, weather, wind_bft, visibility_nm, note)
      select e.lighthouse_id, e.at, k.id, e.weather, e.wind_bft, e.visibility_nm, e.note
      from json_to_recordset($1) as e(lighthouse_id int, at timestamptz, weather activities.weather, wind_bft int, visibility_nm numeric, note text)
      join people.keepers k on k.account_id = (select auth.uid())
      returning 1
    )
    select count(*)::int from written;
  end;
comment on function activities.watch is 'Writes the signed-in keeper''s observations, an array of them as the body. Returns how many.';

---------------------------------------------------------------- triggers

-- Looks at stays of others too, which the guest may not see; hence its owner's rights.
create function public.check_stay() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.room_id, new.arrives, new.departs, new.guests)
      = (old.room_id, old.arrives, old.departs, old.guests) then
    -- A discount is for staff to give.
    if not people.is_staff() then
      new.price := old.price;
    end if;
    return new;
  end if;
  -- One booking of a room at a time, so that two cannot both find it free.
  perform pg_catalog.pg_advisory_xact_lock(7201, new.room_id);
  if exists (
    select from public.stays s
    where s.room_id = new.room_id and s.status <> 'cancelled' and s.id <> new.id
      and s.arrives < new.departs and s.departs > new.arrives
  ) then
    raise exception 'Room % is taken from % to %', new.room_id, new.arrives, new.departs
      using errcode = 'PT409', hint = 'Ask free_rooms which rooms are free.';
  end if;
  select r.price_per_night * (new.departs - new.arrives) into new.price
  from public.rooms r where r.id = new.room_id and r.beds >= new.guests;
  if not found then
    raise exception 'Room % has too few beds for % guests', new.room_id, new.guests using errcode = 'PT422';
  end if;
  return new;
end
$$;
create trigger check_stay before insert or update on public.stays
  for each row execute function public.check_stay();

create function pipeline.touch() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  new.updated_at := now();
  if new.stage_id <> old.stage_id and new.stage_id >= 5 then
    new.closed_at := coalesce(new.closed_at, now());
  end if;
  return new;
end
$$;
create trigger touch before update on pipeline.deals
  for each row execute function pipeline.touch();

create function docs.number_revision() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from docs.documents d where d.id = new.document_id for update;
  select coalesce(max(r.number), 0) + 1 into new.number from docs.revisions r where r.document_id = new.document_id;
  return new;
end
$$;
create trigger number_revision before insert on docs.revisions
  for each row when (new.number is null) execute function docs.number_revision();
