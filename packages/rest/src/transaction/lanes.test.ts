import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLanes } from './lanes.ts';

describe('choosing a lane', () => {
  it('gives a statement that was never run a connection of its own', () => {
    assert.equal(createLanes().isShort('select 1'), false);
  });

  it('lets a statement that was quick share a connection', () => {
    const lanes = createLanes();
    lanes.note('select 1', 2);
    assert.equal(lanes.isShort('select 1'), true);
  });

  it('does not mistake waiting in the pool for a slow statement', () => {
    const lanes = createLanes();
    lanes.note('select 1', 2);
    lanes.note('select 1', 100);
    assert.equal(lanes.isShort('select 1'), true);
  });

  it('keeps a statement that is slow for some values away from its neighbours for a while', () => {
    const lanes = createLanes();
    lanes.note('select 1', 2);
    lanes.note('select 1', 2000);
    for (let i = 0; i < 99; i++) lanes.note('select 1', 2);
    assert.equal(lanes.isShort('select 1'), false);
    lanes.note('select 1', 2);
    assert.equal(lanes.isShort('select 1'), true);
  });
});
