/**
 * As much of PostGIS as PostgREST's fixtures touch, in plain SQL: a `geometry` type that reads WKT, EWKT and GeoJSON, and
 * prints EWKB, TWKB and GeoJSON. Points, lines and polygons in SRID 4326; no spatial operations.
 */

/** In the schema `extensions`, in place of `create extension postgis`. */
const geometrySql = String.raw`
-- The value is kept as it was written, so text's own input and output serve.
create type extensions.geometry;
create function extensions.geometry_in(cstring) returns extensions.geometry
  language internal immutable strict as 'textin';
create function extensions.geometry_out(extensions.geometry) returns cstring
  language internal immutable strict as 'textout';
create type extensions.geometry (
  input = extensions.geometry_in, output = extensions.geometry_out,
  internallength = variable, storage = extended, collatable = true
);

create function extensions.geometry_source(g extensions.geometry) returns text
  language sql immutable strict as $f$ select split_part(format('%s', g), ';', -1) $f$;

create function extensions.geometry_kind(g extensions.geometry) returns text
  language sql immutable strict as $f$
  select case when extensions.geometry_source(g) like '{%'
    then upper(extensions.geometry_source(g)::jsonb ->> 'type')
    else upper(substring(extensions.geometry_source(g) from '^\s*([A-Za-z]+)')) end
$f$;

-- Coordinate pairs of a point or a line, in order.
create function extensions.geometry_points(g extensions.geometry)
  returns table (n bigint, x numeric, y numeric)
  language sql immutable strict as $f$
  select ord, split_part(btrim(pair), ' ', 1)::numeric, split_part(btrim(pair), ' ', 2)::numeric
  from unnest(string_to_array(
    substring(extensions.geometry_source(g) from '\((.*)\)'), ',')) with ordinality p(pair, ord)
$f$;

create function extensions.geometry_json(g extensions.geometry) returns jsonb
  language sql stable strict as $f$
  select case
    when extensions.geometry_source(g) like '{%' then extensions.geometry_source(g)::jsonb - 'crs'
    when extensions.geometry_kind(g) = 'POINT' then (
      select jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(x, y))
      from extensions.geometry_points(g))
    else (
      select jsonb_build_object('type', 'LineString', 'coordinates', jsonb_agg(jsonb_build_array(x, y) order by n))
      from extensions.geometry_points(g))
  end
$f$;

create function extensions.geometry_to_json(g extensions.geometry) returns json
  language sql stable strict as $f$
  select (extensions.geometry_json(g)
    || jsonb_build_object('crs', '{"type": "name", "properties": {"name": "EPSG:4326"}}'::jsonb))::json
$f$;
create cast (extensions.geometry as json) with function extensions.geometry_to_json(extensions.geometry);

create function extensions.reverse_bytes(b bytea) returns text
  language sql immutable strict as $f$
  select string_agg(substr(encode(b, 'hex'), i, 2), '' order by i desc)
  from generate_series(1, 2 * length(b), 2) i
$f$;

-- Little-endian EWKB in hex: byte order, type with the SRID flag, SRID, count of points unless one, coordinates.
create function extensions.geometry_to_text(g extensions.geometry) returns text
  language sql stable strict as $f$
  select upper('01'
    || extensions.reverse_bytes(int4send(case extensions.geometry_kind(g) when 'POINT' then 1 else 2 end | 536870912))
    || extensions.reverse_bytes(int4send(4326))
    || case when extensions.geometry_kind(g) = 'POINT' then '' else extensions.reverse_bytes(int4send(count(*)::int)) end
    || string_agg(extensions.reverse_bytes(float8send(x::float8)) || extensions.reverse_bytes(float8send(y::float8)), ''
         order by n))
  from extensions.geometry_points(g)
$f$;
create cast (extensions.geometry as text) with function extensions.geometry_to_text(extensions.geometry);

-- A signed number zigzag-coded in groups of seven bits, lowest first.
create function extensions.zigzag_varint(value bigint) returns bytea
  language plpgsql immutable strict as $f$
declare
  rest bigint := case when value < 0 then -2 * value - 1 else 2 * value end;
  coded bytea := '';
begin
  loop
    coded := coded || set_byte('\x00'::bytea, 0, ((rest & 127) | case when rest > 127 then 128 else 0 end)::int);
    rest := rest >> 7;
    exit when rest = 0;
  end loop;
  return coded;
end $f$;

-- TWKB of a line with five decimals: type and precision, no flags, count, deltas.
create function extensions.st_astwkb(g extensions.geometry) returns bytea
  language sql stable strict as $f$
  select '\xa200'::bytea || set_byte('\x00'::bytea, 0, count(*)::int)
    || string_agg(extensions.zigzag_varint(dx) || extensions.zigzag_varint(dy), ''::bytea order by n)
  from (
    select n, (x * 100000)::bigint - coalesce(lag((x * 100000)::bigint) over w, 0) as dx,
      (y * 100000)::bigint - coalesce(lag((y * 100000)::bigint) over w, 0) as dy
    from extensions.geometry_points(g) window w as (order by n)
  ) deltas
$f$;

create function extensions.st_geomfromgeojson(geojson text) returns extensions.geometry
  language sql immutable strict as $f$ select geojson::extensions.geometry $f$;

-- Numbers of a GeoJSON value with at most nine decimals.
create function extensions.round_coordinates(coordinates jsonb) returns jsonb
  language sql immutable strict as $f$
  select case jsonb_typeof(coordinates)
    when 'array' then (
      select jsonb_agg(extensions.round_coordinates(e) order by n)
      from jsonb_array_elements(coordinates) with ordinality a(e, n))
    when 'number' then to_jsonb(trim_scale(round(coordinates::numeric, 9)))
    else coordinates end
$f$;

-- A row as a GeoJSON feature: its first geometry, and the other columns as properties.
create function extensions.st_asgeojson(feature record) returns text
  language plpgsql stable as $f$
declare
  fields jsonb := to_jsonb(feature);
  name text;
begin
  select key into name from jsonb_each(fields)
    where jsonb_typeof(value) = 'object' and value ?& array['crs', 'coordinates'] limit 1;
  if name is null then
    raise exception 'geometry column is missing' using errcode = 'invalid_parameter_value';
  end if;
  return jsonb_build_object(
    'type', 'Feature',
    'geometry', jsonb_build_object(
      'type', fields -> name -> 'type',
      'coordinates', extensions.round_coordinates(fields -> name -> 'coordinates')),
    'properties', fields - name)::text;
end $f$;
`;

/** The fixtures with the stand-in where they create the extension, and types without modifiers it does not know. */
export function withoutPostgis(sql: string): string {
  return sql
    .replace(/create extension if not exists postgis with schema extensions;/i, () => geometrySql)
    .replaceAll(/extensions\.geometry\([a-z]+, *4326\)/gi, 'extensions.geometry');
}
