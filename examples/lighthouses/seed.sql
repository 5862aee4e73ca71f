-- Two hundred thousand rows that look like a company's, always the same ones. The story stands at 1 December 2026.
--
-- Every value is a hash of the row's number and a salt rather than random(), so that no plan, and no change to one
-- table's data, changes another's.

create function pg_temp.chance(n bigint, salt int) returns float8 language sql immutable parallel safe
  return (hashint8extended(n, salt) & 1073741823)::float8 / 1073741824.0;
create function pg_temp.between(n bigint, salt int, low int, high int) returns int language sql immutable parallel safe
  return low + floor(pg_temp.chance(n, salt) * (high - low + 1))::int;
create function pg_temp.pick(choices anyarray, n bigint, salt int) returns anyelement language sql immutable parallel safe
  as 'select choices[1 + floor((hashint8extended(n, salt) & 1073741823)::float8 / 1073741824.0 * cardinality(choices))::int]';

-- Derived while loading, not by trigger: the rooms' stays below cannot overlap, and prices are known.
alter table public.stays disable trigger user;

---------------------------------------------------------------- common

insert into common.countries (code, name, capital) values
  ('NO', 'Norway', 'Oslo'), ('SE', 'Sweden', 'Stockholm'), ('DK', 'Denmark', 'Copenhagen'),
  ('DE', 'Germany', 'Berlin'), ('NL', 'Netherlands', 'Amsterdam'), ('GB', 'United Kingdom', 'London'),
  ('IE', 'Ireland', 'Dublin'), ('FR', 'France', 'Paris'), ('ES', 'Spain', 'Madrid'),
  ('PT', 'Portugal', 'Lisbon'), ('IS', 'Iceland', 'Reykjavik'), ('FI', 'Finland', 'Helsinki'),
  ('EE', 'Estonia', 'Tallinn'), ('PL', 'Poland', 'Warsaw'), ('IT', 'Italy', 'Rome'), ('HR', 'Croatia', 'Zagreb');

insert into common.tags (id, name)
select i, name from unnest(array[
  'island', 'cliff', 'beach', 'harbour', 'seals', 'puffins', 'whales', 'northern lights', 'midnight sun', 'sauna',
  'fireplace', 'library', 'telescope', 'boat only', 'tidal road', 'dogs welcome', 'family', 'wheelchair access',
  'off the grid', 'foghorn', 'shipwreck', 'surfing', 'fishing', 'haunted'
]) with ordinality as _(name, i);

---------------------------------------------------------------- people

insert into people.accounts (id, email, first_name, last_name, kind, country_code, newsletter, joined_at)
select
  case n
    when 1 then '00000000-0000-4000-8000-000000000001'
    when 2 then '00000000-0000-4000-8000-000000000002'
    else overlay(overlay(md5('account ' || n) placing '4' from 13) placing '8' from 17)
  end::uuid,
  lower(translate(first_name || '.' || last_name, 'áéíóöøåäüæçñłğß ''', 'aeioooaauacnlgs')) || n || '@'
    || pg_temp.pick(array['example.com', 'example.org', 'example.net', 'mail.example'], n, 5),
  first_name, last_name,
  case when n = 1 then 'guest' when n = 2 then 'agent' when n <= 222 then 'keeper' when n <= 250 then 'agent' else 'guest' end::people.account_kind,
  pg_temp.pick(array['DE', 'DE', 'DE', 'GB', 'GB', 'FR', 'FR', 'NL', 'NL', 'SE', 'NO', 'DK', 'IE', 'ES', 'IT', 'PL', 'PT', 'FI', 'IS', 'EE', 'HR'], n, 6),
  pg_temp.chance(n, 7) < 0.3,
  -- More of them the nearer to today.
  timestamptz '2026-12-01 12:00+00' - interval '1 day' * floor(2000 * pg_temp.chance(n, 8) ^ 1.6) - interval '1 second' * pg_temp.between(n, 9, 0, 43200)
from (
  select n,
    pg_temp.pick(array['Ada', 'Aino', 'Alba', 'Anders', 'Anna', 'Aoife', 'Astrid', 'Bente', 'Björn', 'Carla', 'Carlos', 'Chloé', 'Clara',
      'Daan', 'Diego', 'Eero', 'Elin', 'Emil', 'Emma', 'Erik', 'Eva', 'Finn', 'Freya', 'Giulia', 'Greta', 'Hana', 'Hanna', 'Henrik',
      'Hugo', 'Ida', 'Ines', 'Ingrid', 'Isla', 'Jakob', 'Jan', 'Jonas', 'Juan', 'Julia', 'Kaja', 'Katrin', 'Kirsten', 'Lars', 'Lea',
      'Leif', 'Liam', 'Linnea', 'Louis', 'Lucía', 'Luka', 'Magnus', 'Maja', 'Marco', 'María', 'Marit', 'Marta', 'Matteo', 'Mia', 'Mikko',
      'Nils', 'Noah', 'Nora', 'Olga', 'Oskar', 'Paula', 'Piotr', 'Rasmus', 'Rosa', 'Saoirse', 'Sara', 'Signe', 'Sofia', 'Søren', 'Tariq',
      'Theo', 'Tomasz', 'Unni', 'Vera', 'Willem', 'Yara', 'Zofia'], n, 1) as first_name,
    pg_temp.pick(array['Andersen', 'Bakker', 'Berg', 'Bernard', 'Blanc', 'Byrne', 'Campbell', 'Costa', 'Dahl', 'de Vries', 'Dubois', 'Eriksson',
      'Fernández', 'Fischer', 'Fraser', 'García', 'Gallagher', 'Hansen', 'Haugen', 'Hoffmann', 'Horvat', 'Jansen', 'Johansson', 'Jónsdóttir',
      'Kaya', 'Keller', 'Kowalska', 'Krüger', 'Larsen', 'Laurent', 'Lehtonen', 'Lindberg', 'López', 'MacLeod', 'Martin', 'Meyer', 'Moreau',
      'Murphy', 'Mäkinen', 'Nielsen', 'Nowak', 'O''Brien', 'Olsen', 'Petersen', 'Pereira', 'Ricci', 'Rossi', 'Saar', 'Santos', 'Schmidt',
      'Schulz', 'Silva', 'Sinclair', 'Smit', 'Sørensen', 'Svensson', 'Tamm', 'Thomas', 'van Dijk', 'Virtanen', 'Visser', 'Wagner', 'Walsh',
      'Weber', 'Wiśniewski', 'Wright', 'Zimmermann', 'Ødegaard'], n, 2) as last_name
  from generate_series(1, 20000) n
) _;

-- Accounts by number, guests and staff, for those who refer to them.
create temporary table account_numbers on commit drop as
  select id, kind, row_number() over (partition by kind order by email collate "C") as number from people.accounts;
create unique index on account_numbers (kind, number);
analyze account_numbers;

insert into people.keepers (id, account_id, languages, keeper_since, motto)
select n, id,
  array(select distinct l from unnest(array['en', pg_temp.pick(array['de', 'no', 'fr', 'es'], n, 11), pg_temp.pick(array['sv', 'nl', 'it', 'pt'], n, 12)]) l order by l),
  date '2026-12-01' - pg_temp.between(n, 13, 100, 11000),
  pg_temp.pick(array['The sea is never the same twice.', 'Keep the lens clean and the kettle warm.', 'Fog is just a cloud with manners.',
    'Count the steps, forget the hours.', null, null], n, 14)
from (select id, number as n from account_numbers where kind = 'keeper') _;

---------------------------------------------------------------- lighthouses

insert into public.lighthouses (id, slug, name, country_code, keeper_id, built, height_m, position, light, description, facts, open)
select n, lower(replace(name, ' ', '-')), name, code,
  case when n <= 210 then n end,
  1780 + floor(160 * pg_temp.chance(n, 21) ^ 0.8)::int,
  round((9 + 52 * pg_temp.chance(n, 22) ^ 2)::numeric, 1),
  row(latitude + round((pg_temp.chance(n, 23) * 6 - 3)::numeric, 5), longitude + round((pg_temp.chance(n, 24) * 6 - 3)::numeric, 5))::public.coordinates,
  pg_temp.pick(array['flashing', 'flashing', 'flashing', 'occulting', 'isophase', 'fixed', 'morse']::public.light_character[], n, 25),
  format('%s %s %s',
    pg_temp.pick(array['A granite tower on the outermost skerry.', 'A red iron tower above a white beach.', 'A stone tower built into the cliff.',
      'An octagonal tower with a keeper''s cottage.', 'A stubby tower at the harbour mouth.', 'A brick tower on a tidal island.'], n, 26),
    pg_temp.pick(array['Seals sleep on the rocks below.', 'Puffins nest here from April to July.', 'A shipwreck shows at low water.',
      'On clear winter nights the northern lights dance over it.', 'The foghorn still works, and is still used.', 'Whales pass in September.'], n, 27),
    pg_temp.pick(array['Supplies come by boat once a week.', 'The library holds every storm since 1870.', 'Bring boots, and somebody to talk to.',
      'The stove draws well; wood is free.', 'There is no signal, and nobody misses it.', 'The last ferry leaves at six.'], n, 28)),
  jsonb_build_object('range_nm', pg_temp.between(n, 29, 8, 28), 'steps', pg_temp.between(n, 30, 40, 290),
    'lens', pg_temp.pick(array['Fresnel, first order', 'Fresnel, third order', 'LED', 'Catadioptric'], n, 31),
    'automated', pg_temp.between(n, 32, 1958, 2004)),
  n <= 225
from (
  select row_number() over (order by hashint8extended(i * 100 + j, 20)) as n, first || ' ' || last as name
  from unnest(array['Skarv', 'Tern', 'Gull', 'Gannet', 'Petrel', 'Cormorant', 'Amber', 'Iron', 'Grey', 'Widow', 'Saint Brannoc', 'Saint Olaf',
      'Hollow', 'North', 'Far', 'Bell', 'Bishop', 'Raven', 'Otter', 'Herring']) with ordinality as f(first, i),
    unnest(array['Point', 'Head', 'Rock', 'Ness', 'Skerry', 'Light', 'Holm', 'Reef', 'Stack', 'Bank', 'Cape', 'Sound']) with ordinality as l(last, j)
) names
join lateral (
  select code, latitude, longitude from (values
    ('NO', 62.0, 6.0), ('SE', 58.0, 17.0), ('DK', 56.0, 10.0), ('DE', 54.4, 9.5), ('NL', 53.0, 5.0), ('GB', 56.5, -5.0), ('IE', 53.0, -9.0),
    ('FR', 48.0, -4.0), ('ES', 43.0, -8.0), ('PT', 39.5, -9.0), ('IS', 65.0, -19.0), ('FI', 60.5, 22.0), ('EE', 58.7, 23.0), ('PL', 54.4, 16.5),
    ('IT', 41.0, 10.0), ('HR', 44.0, 15.0)
  ) as c(code, latitude, longitude)
  order by code offset pg_temp.between(names.n, 33, 0, 15) limit 1
) place on true;

insert into public.lighthouse_tags (lighthouse_id, tag_id)
select l.id, t.id from public.lighthouses l cross join common.tags t
where pg_temp.chance(l.id * 100 + t.id, 41) < 0.2;

insert into public.rooms (id, lighthouse_id, name, floor, beds, price_per_night)
select row_number() over (order by l.id, f), l.id, r.name, f,
  pg_temp.pick(array[1, 2, 2, 2, 2, 3, 4, 4, 6], l.id * 10 + f, 42),
  round((45 + 20 * f + 160 * pg_temp.chance(l.id, 43) ^ 2 + 25 * pg_temp.chance(l.id * 10 + f, 44))::numeric / 5) * 5 - 0.10
from public.lighthouses l,
  unnest(array['Cottage', 'Watch Room', 'Oil Room', 'Chart Room', 'Service Room', 'Lantern Room']) with ordinality as r(name, f)
where f <= pg_temp.between(l.id, 45, 2, 6);

---------------------------------------------------------------- stays

-- Each room has slots of twelve days with at most one stay in each, so that none overlap; summers are fuller.
insert into public.stays (id, room_id, guest_id, arrives, departs, guests, price, status, booked_at)
select row_number() over (order by arrives, room_id), room_id, coalesce(tour_guest, g.id), arrives, arrives + nights,
  pg_temp.between(n, 54, 1, beds), nights * price_per_night,
  case
    when pg_temp.chance(n, 55) < 0.06 then 'cancelled'
    when arrives + nights <= date '2026-12-01' then 'finished'
    when pg_temp.chance(n, 56) < 0.7 then 'confirmed'
    else 'requested'
  end::public.stay_status,
  arrives - interval '1 day' * (3 + floor(120 * pg_temp.chance(n, 57) ^ 2))
from (
  select r.id as room_id, r.beds, r.price_per_night, r.id * 1000 + slot as n,
    date '2023-03-01' + slot::int * 12 + pg_temp.between(r.id * 1000 + slot, 52, 0, 5) as arrives,
    pg_temp.pick(array[1, 2, 2, 2, 3, 3, 4, 5, 6, 7], r.id * 1000 + slot, 53) as nights,
    -- The guest of the tour in the README has a history.
    case when r.id = 7 and slot % 9 = 0 then '00000000-0000-4000-8000-000000000001'::uuid end as tour_guest
  from public.rooms r join public.lighthouses l on l.id = r.lighthouse_id and l.open
  cross join generate_series(0, 129) slot
) slots
join account_numbers g on g.kind = 'guest' and g.number = 1 + floor(19750 * pg_temp.chance(slots.n, 51) ^ 1.5)::int
where tour_guest is not null
  or pg_temp.chance(slots.n, 50) < 0.32 + 0.3 * sin(extract(doy from arrives) / 365.0 * 2 * pi() - 1.8)
      - case when arrives > date '2026-12-01' then 0.12 else 0 end;

insert into public.payments (stay_id, amount, method, paid_at)
select s.id, case when part = 1 and p.parts = 2 then round(s.price * 0.3, 2) when part = 2 then s.price - round(s.price * 0.3, 2) else s.price end,
  pg_temp.pick(array['card', 'card', 'card', 'transfer', 'voucher']::public.payment_method[], s.id, 61),
  case part when 2 then s.arrives - interval '10 days' else s.booked_at + interval '3 minutes' end
from public.stays s
cross join lateral (select case when s.price > 400 and pg_temp.chance(s.id, 62) < 0.4 then 2 else 1 end as parts) p
cross join lateral generate_series(1, p.parts) part
where s.status in ('finished', 'confirmed') and (part = 1 or s.arrives <= date '2026-12-10')
order by s.id, part;

insert into public.reviews (stay_id, rating, body, written_at)
select id, rating,
  case
    when rating >= 4 then pg_temp.pick(array['We did not want to leave.', 'The light on the ceiling all night: magic.', 'Best breakfast above sea level.',
      'The keeper told stories until two.', 'Seals in the morning, stars at night.', 'Our children want to become keepers.'], id, 72)
    when rating = 3 then pg_temp.pick(array['Lovely, but very many steps.', 'Nice view when the fog lifts.', 'Cosy. Draughty. Both.'], id, 73)
    else pg_temp.pick(array['The foghorn. All night. The foghorn.', 'No boat for two days, and no more coffee.', 'Damp bedding in the Oil Room.'], id, 74)
  end || pg_temp.pick(array['', '', ' We will be back.', ' Bring a warm coat.', ' Thank you!'], id, 75),
  departs + interval '1 hour' * pg_temp.between(id, 76, 10, 400)
from (
  select id, departs, pg_temp.pick(array[5, 5, 5, 5, 5, 4, 4, 4, 3, 3, 2, 1], id, 71) as rating
  from public.stays where status = 'finished' and pg_temp.chance(id, 70) < 0.45
) _
order by id;

alter table public.stays enable trigger user;

---------------------------------------------------------------- leads, pipeline

insert into leads.inquiries (id, email, occasion, lighthouse_id, guests, message, source, received_at, answered_at)
select n, a.email, occasion, pg_temp.between(n, 82, 1, 225), pg_temp.between(n, 83, 4, 60),
  case occasion
    when 'wedding' then 'We would like to marry at the top. How many fit into the lantern room?'
    when 'retreat' then 'Ten people, no signal, one week. Is that possible?'
    when 'film' then 'We need fog, a storm and a working lamp, in that order.'
    when 'school' then 'Our class builds lighthouses from cardboard and wants to see a real one.'
    else 'My parents met there in 1974. It is to be a surprise.'
  end,
  pg_temp.pick(array['website', 'website', 'website', 'phone', 'fair', 'friend'], n, 84), received_at,
  case when pg_temp.chance(n, 85) < 0.93 then received_at + interval '1 hour' * pg_temp.between(n, 86, 1, 70) end
from (
  select n, pg_temp.pick(array['wedding', 'wedding', 'retreat', 'retreat', 'film', 'school', 'anniversary']::leads.occasion[], n, 80) as occasion,
    timestamptz '2026-12-01 09:00+00' - interval '1 minute' * pg_temp.between(n, 81, 10, 1500000) as received_at
  from generate_series(1, 4000) n
) _
join account_numbers g on g.kind = 'guest' and g.number = pg_temp.between(_.n, 87, 1, 19750)
join people.accounts a on a.id = g.id
order by n;

insert into pipeline.stages (id, name, probability) values
  (1, 'new', 0.10), (2, 'talking', 0.25), (3, 'offer sent', 0.50), (4, 'contract', 0.90), (5, 'won', 1), (6, 'lost', 0);

insert into pipeline.deals (id, inquiry_id, title, lighthouse_id, stage_id, owner_id, value, expected_on, closed_at, updated_at)
select row_number() over (order by i.id), i.id, initcap(i.occasion::text) || ' at ' || l.name, l.id, stage, o.id,
  round((400 + 9000 * pg_temp.chance(i.id, 92) ^ 2 + 60 * i.guests)::numeric, -1),
  i.received_at::date + pg_temp.between(i.id, 93, 20, 300),
  case when stage >= 5 then least(i.received_at + interval '1 day' * pg_temp.between(i.id, 94, 3, 90), timestamptz '2026-11-30 17:00+00') end,
  least(i.received_at + interval '1 day' * pg_temp.between(i.id, 95, 0, 90), timestamptz '2026-11-30 17:00+00')
from (
  select *, case when received_at < timestamptz '2026-08-01 00:00+00' then pg_temp.pick(array[5, 5, 6, 6, 6], id, 91) else pg_temp.pick(array[1, 1, 2, 2, 3, 4, 5, 6], id, 91) end as stage
  from leads.inquiries where pg_temp.chance(id, 90) < 0.4
) i
join public.lighthouses l on l.id = i.lighthouse_id
join account_numbers o on o.kind = 'agent' and o.number = pg_temp.between(i.id, 96, 1, 29);

insert into pipeline.participants (deal_id, account_id, part)
select d.id, g.id, pg_temp.pick(array['contact', 'pays', 'decides', 'witness'], d.id * 10 + k, 97)
from pipeline.deals d
cross join lateral generate_series(1, pg_temp.between(d.id, 98, 1, 4)) k
join account_numbers g on g.kind = 'guest' and g.number = pg_temp.between(d.id * 10 + k, 99, 1, 19750)
on conflict do nothing;

---------------------------------------------------------------- activities

insert into activities.tasks (kind, title, deal_id, lighthouse_id, assignee_id, due_on, done_at)
select kind,
  case kind when 'call' then 'Call back about ' when 'visit' then 'Show around: ' else 'Write about ' end || d.title,
  d.id, null, d.owner_id, due, case when due < date '2026-11-20' then due + interval '15 hours' end
from pipeline.deals d
cross join lateral generate_series(1, 3) k
cross join lateral (select pg_temp.pick(array['call', 'call', 'email', 'visit']::activities.task_kind[], d.id * 10 + k, 101) as kind,
  d.updated_at::date + k * pg_temp.between(d.id * 10 + k, 102, 1, 12) as due) _
union all
select 'repair', pg_temp.pick(array['Paint the railing', 'Grease the rotation', 'Replace the lamp', 'Sweep the chimney', 'Fix the landing stage', 'Polish the lens'], l.id * 10 + k, 103),
  null, l.id, p.account_id, due, case when due < date '2026-11-20' then due + interval '11 hours' end
from public.lighthouses l
join people.keepers p on p.id = l.keeper_id
cross join lateral generate_series(1, 8) k
cross join lateral (select date '2026-01-10' + k * 40 + pg_temp.between(l.id * 10 + k, 104, 0, 30) as due) _
order by 6, 2, 3, 4;

-- A watch every other day, worse weather in winter.
insert into activities.logbook (lighthouse_id, at, keeper_id, weather, wind_bft, visibility_nm, note)
select l.id, day + interval '1 hour' * pg_temp.pick(array[4, 8, 12, 16, 20], n, 112), l.keeper_id, weather,
  case weather when 'storm' then pg_temp.between(n, 113, 9, 12) when 'fog' then pg_temp.between(n, 113, 0, 3) else pg_temp.between(n, 113, 1, 8) end,
  round((case weather when 'fog' then 0.8 when 'storm' then 3 when 'snow' then 2 when 'rain' then 6 else 18 end * (0.3 + pg_temp.chance(n, 114)))::numeric, 1),
  case when pg_temp.chance(n, 115) < 0.15 then pg_temp.pick(array['Tanker passed close.', 'Guests asked for more biscuits.', 'Lamp changed.', 'Seal in the boat house again.',
    'Helicopter overhead, no reason given.', 'Heard singing. Nobody there.', 'First puffin of the year.'], n, 116) end
from (
  select l.id, l.keeper_id, day, l.id * 1000 + row_number() over (partition by l.id order by day) as n
  from public.lighthouses l cross join generate_series(timestamptz '2025-06-01 00:00+00', timestamptz '2026-11-29 00:00+00', interval '2 days') day
  where l.keeper_id is not null
) l
cross join lateral (
  select case when extract(month from day) in (11, 12, 1, 2, 3)
    then pg_temp.pick(array['storm', 'storm', 'snow', 'snow', 'rain', 'rain', 'cloudy', 'cloudy', 'fog', 'clear']::activities.weather[], l.n, 111)
    else pg_temp.pick(array['clear', 'clear', 'clear', 'clear', 'cloudy', 'cloudy', 'rain', 'rain', 'fog', 'storm']::activities.weather[], l.n, 111) end as weather
) w;

---------------------------------------------------------------- docs

insert into docs.documents (id, title, kind, lighthouse_id, deal_id, is_public, created_at)
select row_number() over (order by place, id), title, kind, lighthouse_id, deal_id, is_public, created_at from (
  select 1 as place, id, 'History of ' || name as title, 'history'::docs.document_kind as kind, id as lighthouse_id, null::int as deal_id, open as is_public,
    timestamptz '2024-02-01 10:00+00' + interval '1 day' * id as created_at from public.lighthouses
  union all
  select 2, id, 'Inspection of ' || name, 'inspection', id, null, false, timestamptz '2025-03-01 10:00+00' + interval '1 day' * id from public.lighthouses
  union all
  select 3, id, 'Contract: ' || title, 'contract', null, id, false, coalesce(closed_at, updated_at) from pipeline.deals where stage_id in (4, 5)
) _;

insert into docs.revisions (document_id, number, author_id, body, written_at)
select d.id, k, a.id,
  case d.kind
    when 'history' then format('%s was first lit in %s. %s', l.name, l.built,
      pg_temp.pick(array['Oil gave way to gas, gas to electricity, keepers to clockwork.', 'In the great storm the sea broke the lantern glass.',
        'For forty years one family kept it.', 'During the war it stayed dark.'], d.id * 10 + k, 122))
    when 'inspection' then format('Tower %s. Lantern %s. Landing %s.', pg_temp.pick(array['sound', 'sound', 'cracked at the base'], d.id * 10 + k, 123),
      pg_temp.pick(array['tight', 'leaking in the west'], d.id * 10 + k, 124), pg_temp.pick(array['usable', 'slippery', 'gone'], d.id * 10 + k, 125))
    else 'The guests take the whole lighthouse, leave it as they found it, and do not touch the lens.'
  end || case when k > 1 then format(' (Revised, %s.)', k) else '' end,
  d.created_at + interval '20 days' * (k - 1)
from docs.documents d
left join public.lighthouses l on l.id = d.lighthouse_id
cross join lateral generate_series(1, pg_temp.between(d.id, 120, 1, 4)) k
join account_numbers a on a.kind = 'agent' and a.number = pg_temp.between(d.id * 10 + k, 121, 1, 29)
order by d.id, k;

---------------------------------------------------------------- afterwards

-- Identities go on after the rows that were given numbers.
do $$
declare
  entry record;
begin
  for entry in
    select c.oid::regclass as relation, a.attname as name
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where a.attidentity <> '' and not a.attisdropped and pg_get_userbyid(c.relowner) = current_user
      and c.relnamespace in ('public'::regnamespace, 'people'::regnamespace, 'leads'::regnamespace,
        'pipeline'::regnamespace, 'activities'::regnamespace, 'docs'::regnamespace)
  loop
    execute format('select setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) from %s',
      entry.relation, entry.name, entry.name, entry.relation);
  end loop;
end
$$;

refresh materialized view pipeline.monthly_revenue;

analyze common.countries, common.tags, people.accounts, people.keepers, public.lighthouses, public.lighthouse_tags,
  public.rooms, public.stays, public.payments, public.reviews, leads.inquiries, pipeline.stages, pipeline.deals,
  pipeline.participants, activities.tasks, activities.logbook, docs.documents, docs.revisions;
