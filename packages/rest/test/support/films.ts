/** A small catalog that most tests of the pure stages share. */
import { makeCatalog, makeRoutine } from './catalog.ts';

const of = (name: string) => ({ schema: 'api', name });
const notViews = { sourceIsView: false, targetIsView: false, isSelf: false };

export const films = makeCatalog({
  tables: {
    films: 'id! integer, title text, director_id integer, data jsonb, tags tsvector',
    directors: 'id! integer, name text',
    actors: 'id! integer, name text',
    roles: 'film_id! integer, actor_id! integer, part text',
    log: 'line text',
  },
  foreignKeys: [
    'films.director_id -> directors.id',
    'log.reader_id -> directors.id',
    'log.writer_id -> directors.id',
  ],
  relationships: [
    {
      ...notViews,
      kind: 'many-to-many',
      source: of('films'),
      target: of('actors'),
      junction: of('roles'),
      sourceKey: { constraint: 'roles_film_id_fkey', columns: [['id', 'film_id']] },
      targetKey: { constraint: 'roles_actor_id_fkey', columns: [['id', 'actor_id']] },
    },
    {
      ...notViews,
      kind: 'computed',
      source: of('films'),
      target: of('actors'),
      routine: of('star'),
      toOne: true,
    },
  ],
  routines: [
    makeRoutine('add_them', 'a integer, b integer'),
    makeRoutine('films_of', 'director integer', {
      returns: { setof: true, kind: 'composite', type: of('films'), typeText: 'api.films' },
    }),
    makeRoutine('whole', 'json'),
    makeRoutine('raw', 'bytea'),
    makeRoutine('choose', 'a integer, b? integer'),
    makeRoutine('choose', 'a integer, c text'),
    makeRoutine('twins', 'a integer'),
    makeRoutine('twins', 'a text'),
  ],
});
