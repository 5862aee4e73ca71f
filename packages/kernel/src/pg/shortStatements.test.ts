import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createShortStatements } from './shortStatements.ts';

describe('choosing a lane', () => {
  it('gives a statement that was never run a connection of its own', () => {
    assert.equal(createShortStatements().has('select 1'), false);
  });

  it('lets a statement that was quick share a connection', () => {
    const shortStatements = createShortStatements();
    shortStatements.note('select 1', 2);
    assert.equal(shortStatements.has('select 1'), true);
  });

  it('does not mistake waiting in the pool for a slow statement', () => {
    const shortStatements = createShortStatements();
    shortStatements.note('select 1', 2);
    shortStatements.note('select 1', 100);
    assert.equal(shortStatements.has('select 1'), true);
  });

  it('keeps a statement that is slow for some values away from its neighbours for a while', () => {
    const shortStatements = createShortStatements();
    shortStatements.note('select 1', 2);
    shortStatements.note('select 1', 2000);
    for (let i = 0; i < 99; i++) shortStatements.note('select 1', 2);
    assert.equal(shortStatements.has('select 1'), false);
    shortStatements.note('select 1', 2);
    assert.equal(shortStatements.has('select 1'), true);
  });
});
