import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeCatalog } from '../../test/support/catalog.ts';
import { films } from '../../test/support/films.ts';
import type { RestError } from '../errors.ts';
import { findRelationship } from './relationship.ts';

const find = (origin: string, target: string, hint: string | null = null, catalog = films) =>
  findRelationship(catalog, ['api'], 'api', origin, target, hint);

const refused = (run: () => unknown): RestError => {
  try {
    run();
  } catch (error) {
    return error as RestError;
  }
  return assert.fail('nothing was thrown');
};

describe('finding the relationship of an embed', () => {
  it('takes the name of the relation, the constraint or the column', () => {
    for (const target of ['directors', 'films_director_id_fkey', 'director_id']) {
      assert.equal(find('films', target).kind, 'many-to-one', target);
    }
  });

  it('takes a junction as hint', () => {
    assert.equal(find('films', 'actors', 'roles').kind, 'many-to-many');
  });

  it('takes the name of a computed relationship', () => {
    assert.equal(find('films', 'star').kind, 'computed');
  });

  it('says which hints would settle an ambiguity', () => {
    const error = refused(() => find('log', 'directors'));
    assert.equal(error.code, 'PGRST201');
    assert.equal(
      error.hint,
      "Try changing 'directors' to one of the following: 'directors!log_reader_id_fkey', 'directors!log_writer_id_fkey'. Find the desired relationship in the 'details' key.",
    );
    assert.equal(find('log', 'directors', 'log_writer_id_fkey').kind, 'many-to-one');
    assert.equal(find('log', 'directors', 'reader_id').kind, 'many-to-one');
  });

  it('suggests the nearest name when there is none', () => {
    const error = refused(() => find('films', 'director'));
    assert.equal(error.code, 'PGRST200');
    assert.equal(error.hint, "Perhaps you meant 'directors' instead of 'director'.");
  });

  it('tells the two ends of a self-reference by the name used', () => {
    const tree = makeCatalog({
      tables: { node: 'id! int, parent int' },
      foreignKeys: ['node.parent -> node.id'],
    });
    assert.equal(find('node', 'node', null, tree).kind, 'one-to-many');
    assert.equal(find('node', 'parent', null, tree).kind, 'many-to-one');
    assert.equal(find('node', 'node', 'parent', tree).kind, 'one-to-many');
  });

  it('never leaves the exposed schemas', () => {
    assert.equal(
      refused(() => findRelationship(films, ['other'], 'other', 'films', 'directors', null)).code,
      'PGRST200',
    );
  });
});
