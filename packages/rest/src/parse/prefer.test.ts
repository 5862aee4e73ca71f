import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestError } from '../errors.ts';
import { assertPreferences, parsePrefer, renderPreferenceApplied, withExtras } from './prefer.ts';

describe('the Prefer header', () => {
  it('is read part by part, with any space between', () => {
    assert.deepEqual(
      parsePrefer('return=representation ,  count=exact,missing=default, timezone=Europe/Rome', false),
      { return: 'representation', count: 'exact', missing: 'default', timezone: 'Europe/Rome', invalid: [] },
    );
  });

  it('takes the first of a kind', () => {
    assert.equal(parsePrefer('count=planned, count=exact', false).count, 'planned');
    assert.equal(parsePrefer('max-affected=1, max-affected=2', false).maxAffected, 1);
  });

  it('honours tx= only where the server allows it', () => {
    assert.equal(parsePrefer('tx=rollback', true).tx, 'rollback');
    assert.deepEqual(parsePrefer('tx=rollback', false), { invalid: [] });
  });

  it('keeps what it does not know, for handling=strict to refuse', () => {
    const preferences = parsePrefer('handling=strict, foo, count=all', false);
    assert.deepEqual(preferences.invalid, ['foo', 'count=all']);
    assert.throws(
      () => assertPreferences(preferences),
      (error: unknown) =>
        error instanceof RestError &&
        error.code === 'PGRST122' &&
        error.details === 'Invalid preferences: foo, count=all',
    );
    assertPreferences(parsePrefer('handling=lenient, foo', false));
  });

  it('ignores a number it cannot hold', () => {
    assert.equal(parsePrefer('max-affected=99999999999999999999', false).maxAffected, undefined);
    assert.equal(parsePrefer('max-affected=many', false).maxAffected, undefined);
  });

  it('is answered in a fixed order, max-affected only under strict handling', () => {
    assert.equal(
      renderPreferenceApplied({
        count: 'exact',
        resolution: 'merge-duplicates',
        handling: 'strict',
        maxAffected: 5,
      }),
      'resolution=merge-duplicates, count=exact, handling=strict, max-affected=5',
    );
    assert.equal(renderPreferenceApplied({ maxAffected: 5 }), null);
  });

  it('are known beyond the reference only where a setting is on', () => {
    const sent = parsePrefer('nested=insert, stream, return=minimal, x', false);
    assert.deepEqual(sent.invalid, ['nested=insert', 'stream', 'x']);
    assert.equal(withExtras(sent, { nestedInsert: false, stream: false }), sent);
    assert.deepEqual(withExtras(sent, { nestedInsert: true, stream: false }), {
      return: 'minimal',
      nested: true,
      invalid: ['stream', 'x'],
    });
    assert.deepEqual(withExtras(sent, { nestedInsert: true, stream: true }).invalid, ['x']);
    assert.equal(
      renderPreferenceApplied({ return: 'minimal', nested: true }),
      'return=minimal, nested=insert',
    );
  });
});
