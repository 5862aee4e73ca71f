/** A database small enough that what is generated from it can be read whole. */
export const FIXTURE = `
drop schema public;
create schema films;
create schema other;
create type films.genre as enum ('drama', 'comedy');
create type films.length as (minutes int, reels int);
create domain films.title as text check (value <> '');
create type other.mood as enum ('good', 'bad');
create table films.directors (id int generated always as identity primary key, name varchar(80) not null);
create table films.films (
  id uuid primary key default gen_random_uuid(),
  title films.title not null,
  genre films.genre not null default 'drama',
  genres films.genre[],
  mood other.mood,
  director_id int not null references films.directors,
  length films.length,
  year smallint,
  facts jsonb not null default '{}',
  "odd name" text,
  decade int generated always as (year / 10) stored
);
create table films.scripts (film_id uuid primary key references films.films, body text);
create view films.recent as select id, title, director_id from films.films where year > 2000;
create view films.counts as select genre, count(*) as films from films.films group by 1;
create function films.shout(films.films) returns text stable language sql as 'select upper($1.title)';
create function films.debut(d films.directors) returns setof films.films rows 1 stable language sql as 'select * from films.films limit 1';
create function films.similar(films.films) returns setof films.films stable language sql as 'select * from films.films';
create function films.add(a int, b int default 1) returns bigint language sql as 'select a + b';
create function films.add(a text) returns text language sql as 'select a';
create function films.search(query text, genre films.genre default null) returns setof films.films language sql as 'select * from films.films';
create function films.stats() returns table (genre films.genre, films bigint) language sql as 'select null::films.genre, 1::bigint';
create function films.import(json) returns void language sql as 'select';
`;
