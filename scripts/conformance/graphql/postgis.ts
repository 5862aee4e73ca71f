/**
 * As much of PostGIS as the cases touch, in plain SQL: geometries and geographies kept as GeoJSON, read from WKT and EWKT, and
 * how they lie to one another in the plane; on the globe, distances of points on a sphere. No rasters.
 */
export const postgisStandIn = String.raw`
-- Kept as they were written: text's own input and output serve.
create type geometry;
create function geometry_in(cstring) returns geometry language internal immutable strict as 'textin';
create function geometry_out(geometry) returns cstring language internal immutable strict as 'textout';
create type geometry (input = geometry_in, output = geometry_out, internallength = variable, storage = extended);
create type geography;
create function geography_in(cstring) returns geography language internal immutable strict as 'textin';
create function geography_out(geography) returns cstring language internal immutable strict as 'textout';
create type geography (input = geography_in, output = geography_out, internallength = variable, storage = extended);
create cast (geometry as geography) without function as implicit;
create cast (geography as geometry) without function;
create domain raster as text;

create function geo_crs() returns jsonb language sql immutable as
  $f$ select '{"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}}'::jsonb $f$;
-- Coordinates of WKT are lists without commas, and lists of lists in parentheses.
create function geo_of_wkt(wkt text) returns jsonb language plpgsql immutable as $f$
declare
  srid text := coalesce(substring(wkt from 'SRID=(\d+)'), '4326');
  kind text := upper(substring(regexp_replace(wkt, '^SRID=\d+;', '') from '^\s*([A-Za-z]+)'));
  body text := substring(wkt from '\((.*)\)');
  names jsonb := '{"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon", "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString", "MULTIPOLYGON": "MultiPolygon"}';
  places text := regexp_replace(body, '(-?[\d.]+)((?:\s+-?[\d.]+)+)', '[\1\2]', 'g');
begin
  places := translate(regexp_replace(places, '(?<=\d)\s+(?=-?\d)', ',', 'g'), '()', '[]');
  return jsonb_build_object('type', names ->> kind,
      'coordinates', case when kind = 'POINT' then places::jsonb else ('[' || places || ']')::jsonb end)
    || case when srid = '4326' then geo_crs() else '{}' end;
end $f$;
create function geometry_of(jsonb) returns geometry language sql immutable as
  'select geometry_in(textout($1::text))';
create function st_geomfromewkt(text) returns geometry language sql immutable as 'select geometry_of(geo_of_wkt($1))';
create function st_geomfromtext(text, int) returns geometry language sql immutable as 'select geometry_of(geo_of_wkt($1))';
create function st_geogfromtext(text) returns geography language sql immutable as 'select geometry_of(geo_of_wkt($1))::geography';
create function st_geographyfromtext(text) returns geography language sql immutable as
  'select geometry_of(geo_of_wkt($1))::geography';
create function st_geomfromgeojson(text) returns geometry language sql immutable as
  'select geometry_of(geo_crs() || $1::jsonb)';
create function geo(geometry) returns jsonb language sql immutable return format('%s', $1)::jsonb;
create function geo_shown(g jsonb) returns text language sql immutable as $f$
  select '{' || string_agg(to_json(name) || ':' || (g -> name)::text, ',' order by place) || '}'
  from unnest(array['type', 'crs', 'coordinates', 'geometries']) with ordinality as m(name, place) where g ? name
$f$;
create function st_asgeojson(geometry, int, int) returns text language sql immutable return geo_shown(geo($1));
create function st_asgeojson(geography, int, int) returns text language sql immutable return geo_shown(geo($1::geometry));
create function geo_json(geometry) returns json language sql immutable return geo_shown(geo($1))::json;
create cast (geometry as json) with function geo_json(geometry);

create function geo_points(coordinates jsonb) returns setof point language sql immutable as $f$
  with recursive part(value) as (
    select coordinates
    union all
    select item from part, jsonb_array_elements(part.value) item where jsonb_typeof(part.value -> 0) = 'array'
  )
  select point((value ->> 0)::float8, (value ->> 1)::float8) from part where jsonb_typeof(value -> 0) = 'number'
$f$;
-- Each line's pieces; a point is one without length.
create function geo_segments(g jsonb) returns setof lseg language sql immutable as $f$
  select lseg(p, p) from geo_points(g -> 'coordinates') p where g ->> 'type' = 'Point'
  union all
  select lseg(array_agg, lead) from (
    select line, p as array_agg, lead(p) over (partition by line order by n)
    from (
      select 0 as line, g -> 'coordinates' as places where g ->> 'type' = 'LineString'
      union all
      select n::int, ring from jsonb_array_elements(g -> 'coordinates') with ordinality r(ring, n)
      where g ->> 'type' = 'Polygon'
    ) lines, geo_points(places) with ordinality q(p, n)
  ) pieces where lead is not null
$f$;
create function geo_ring(g jsonb) returns polygon language sql immutable as $f$
  select ('(' || string_agg(p::text, ',' order by n) || ')')::polygon
  from geo_points(g -> 'coordinates' -> 0) with ordinality q(p, n) where g ->> 'type' = 'Polygon'
$f$;
create function geo_covers(g jsonb, p point) returns boolean language sql immutable as $f$
  select coalesce(geo_ring(g) @> p, exists (select from geo_segments(g) s where s <-> lseg(p, p) < 1e-9))
$f$;
create function geo_has_inside(g jsonb, p point) returns boolean language sql immutable as $f$
  select geo_covers(g, p) and case g ->> 'type'
    when 'Polygon' then not exists (select from geo_segments(g) s where s <-> lseg(p, p) < 1e-9)
    when 'LineString' then not exists (
      select from geo_points(jsonb_build_array(g -> 'coordinates' -> 0, g -> 'coordinates' -> -1)) e where e ~= p)
    else true end
$f$;
-- Where two may meet: corners, middles of pieces, and crossings.
create function geo_meetings(a jsonb, b jsonb) returns setof point language sql immutable as $f$
  select p from geo_points(a -> 'coordinates') p
  union all select p from geo_points(b -> 'coordinates') p
  union all select @@ s from geo_segments(a) s
  union all select @@ s from geo_segments(b) s
  union all select s # t from geo_segments(a) s, geo_segments(b) t where s # t is not null
$f$;
create function geo_distance(a jsonb, b jsonb) returns float8 language sql immutable as $f$
  select case
    when exists (select from geo_meetings(a, b) p where geo_covers(a, p) and geo_covers(b, p)) then 0
    else (select min(s <-> t) from geo_segments(a) s, geo_segments(b) t) end
$f$;
create function geo_share_inside(a jsonb, b jsonb) returns boolean language sql immutable as
  'select exists (select from geo_meetings(a, b) p where geo_has_inside(a, p) and geo_has_inside(b, p))';

create function geo_contains(a jsonb, b jsonb) returns boolean language sql immutable as $f$
  select not exists (select from geo_points(b -> 'coordinates') p where not geo_covers(a, p))
    and not exists (select from geo_segments(b) s where not geo_covers(a, @@ s)) and geo_share_inside(a, b)
$f$;
create function geo_crosses(a jsonb, b jsonb) returns boolean language sql immutable as
  'select geo_share_inside(a, b) and not geo_contains(a, b) and not geo_contains(b, a)';
create function geo_height(g jsonb) returns float8 language sql immutable as
  $f$ select coalesce((g -> 'coordinates' ->> 2)::float8, 0) $f$;
create function geo_meters(a jsonb, b jsonb) returns float8 language sql immutable as $f$
  select min(2 * 6378137 * asin(sqrt(
    sind((q[1] - p[1]) / 2) ^ 2 + cosd(p[1]) * cosd(q[1]) * sind((q[0] - p[0]) / 2) ^ 2)))
  from geo_points(a -> 'coordinates') p, geo_points(b -> 'coordinates') q
$f$;
${Object.entries({
  st_equals: "a ->> 'type' = b ->> 'type' and a -> 'coordinates' = b -> 'coordinates'",
  st_intersects: 'geo_distance(a, b) = 0',
  st_3dintersects: 'geo_distance(a, b) = 0 and geo_height(a) = geo_height(b)',
  st_disjoint: 'geo_distance(a, b) > 0',
  st_contains: 'geo_contains(a, b)',
  st_within: 'geo_contains(b, a)',
  st_touches: 'geo_distance(a, b) = 0 and not geo_share_inside(a, b)',
  st_crosses: 'geo_crosses(a, b)',
  st_overlaps: "geo_crosses(a, b) and a ->> 'type' = b ->> 'type'",
})
  .map(
    ([name, sql]) =>
      `create function ${name}(geometry, geometry) returns boolean language sql immutable as $f$
        select ${sql} from (select geo($1) as a, geo($2) as b) pair $f$;`,
  )
  .join('\n')}
create function st_dwithin(geometry, geometry, float8) returns boolean language sql immutable as
  'select geo_distance(geo($1), geo($2)) <= $3';
create function st_3ddwithin(geometry, geometry, float8) returns boolean language sql immutable as
  'select sqrt(geo_distance(geo($1), geo($2)) ^ 2 + (geo_height(geo($1)) - geo_height(geo($2))) ^ 2) <= $3';
create function st_distance(geography, geography) returns float8 language sql immutable as
  'select geo_meters(geo($1::geometry), geo($2::geometry))';
create function st_dwithin(geography, geography, float8, boolean default true) returns boolean language sql immutable as
  'select st_distance($1, $2) <= $3';
create function st_intersects(geography, geography) returns boolean language sql immutable as
  'select geo_distance(geo($1::geometry), geo($2::geometry)) = 0';
`;
