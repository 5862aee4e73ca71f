import assert from 'node:assert/strict';
import { it } from 'node:test';
import { services } from '@peakstone/stack';
import { usualServices } from '../src/grammar/command.ts';

// Help and completions must not wait for the stack's table to load, so that they have a copy of its names.
it('what the shell completes are the services of the table that run here', () => {
  const here = services.filter(({ local }) => local).map(({ name }) => name);
  assert.deepEqual(usualServices, here);
});
