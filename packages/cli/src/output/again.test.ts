import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { againAs } from './again.ts';

describe('a hint to start the stack anew', () => {
  const again = { data: './my data', start: ['--detach', '--port-base', '9000'] };
  const told = (text: string) => againAs(text, () => again);

  it('names the options that it was started with, and the folder that the command named', () => {
    assert.equal(
      told('Then: peakstone down, then peakstone up'),
      "Then: peakstone down --data './my data', then peakstone up --data './my data' --detach --port-base 9000",
    );
    assert.equal(
      told(`Start it with 'peakstone up', or`),
      `Start it with 'peakstone up --data './my data' --detach --port-base 9000', or`,
    );
  });

  it('leaves other commands, and those with options of their own, and reads nothing for them', () => {
    const text = 'peakstone upgrade, peakstone up --example shop, /opt/peakstone up, peakstone status';
    assert.equal(
      againAs(text, () => assert.fail('nothing is to be looked up')),
      text,
    );
  });
});
