import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzzyMatches } from './fuzzy.ts';

const closestName = (...given: Parameters<typeof fuzzyMatches>): string | null =>
  fuzzyMatches(...given)[0]?.name ?? null;

describe('hints for misspelt names', () => {
  it('find the name that was meant', () => {
    assert.equal(closestName(['films', 'directors'], 'film'), 'films');
    assert.equal(closestName(['roles', 'actors'], 'Role'), 'roles');
    // Underscores separate nothing: a_bcd and ab_cd share their grams.
    assert.equal(closestName(['a_bcd', 'xyz'], 'ab_cd'), 'a_bcd');
  });

  it('stay silent when nothing is close', () => {
    assert.equal(closestName(['films', 'directors'], 'zzzz'), null);
    assert.equal(closestName(['other'], 'another', 0.75), null);
  });

  it('compare argument lists', () => {
    const signatures = ['(id, name)', '(age, height, weight)'];
    assert.equal(closestName(signatures, '(age, heigth)'), '(age, height, weight)');
  });

  it('score an equal name 1', () => {
    assert.deepEqual(fuzzyMatches(['Films'], 'films'), [{ score: 1, name: 'Films' }]);
  });

  it('take no time on hostile names', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `relation_number_${i}`);
    const before = process.cpuUsage();
    closestName(names, 'relation_'.repeat(20));
    assert.equal(closestName(names, 'x'.repeat(100_000)), null);
    // Of this process alone, so that others do not count. What is hostile would take minutes.
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 20_000_000, `${(user + system) / 1000} ms`);
  });
});
