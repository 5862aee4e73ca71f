import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { History, historyOf } from './history.ts';

describe('the history', () => {
  const root = mkdtempSync(join(tmpdir(), 'peakstone-history-'));
  after(() => rmSync(root, { recursive: true }));

  it('is kept in a folder of its user’s own, newest first, without what may be a password', () => {
    const folder = join(root, 'state', 'peakstone');
    const first = new History(join(folder, 'sql_history'), folder);
    first.load(assert.fail);
    for (const line of [
      'select 1;',
      "alter role x\n  password 'y';",
      'select 2;',
      'select\n 3;',
      'select 2;',
    ])
      first.add(line);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(new History(join(folder, 'sql_history'), folder).load(assert.fail), [
      'select 2;',
      'select\n 3;',
      'select 2;',
      'select 1;',
    ]);
  });

  it('shows each statement once, as it was typed, in place of the lines that readline keeps', () => {
    const folder = join(root, 'shown');
    const history = new History(join(folder, 'sql_history'), folder);
    history.load(assert.fail);
    const lines = ['from films;'];
    history.show(lines);
    for (const entry of ['select *\nfrom films;', 'select 1;', 'select *\nfrom films;']) history.add(entry);
    assert.deepEqual(lines, ['select *\nfrom films;', 'select 1;']);
  });

  it('is kept nowhere for whom there is no home, and never in the folder that they are in', () => {
    const said: string[] = [];
    for (const env of [{ HOME: '' }, { HOME: 'relative', XDG_STATE_HOME: 'state' }]) {
      const history = historyOf(env);
      assert.deepEqual(
        history.load(text => said.push(text)),
        [],
      );
      const lines: string[] = [];
      history.show(lines);
      history.add('select 1;');
      assert.deepEqual(lines, ['select 1;']);
    }
    assert.match(said.join(), /^The history is not kept: HOME names no folder/);
    assert.deepEqual(historyOf({ HOME: join(root, 'home') }).load(assert.fail), []);
    assert.equal(statSync(join(root, 'home/.local/state/peakstone')).mode & 0o777, 0o700);
  });

  it('is not kept where others may write, which is said', () => {
    const folder = join(root, 'shared');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const said: string[] = [];
    const history = new History(join(folder, 'sql_history'), folder);
    assert.deepEqual(
      history.load(text => said.push(text)),
      [],
    );
    history.add('select 1;');
    assert.match(said.join(), /The history is not kept: .* other users may write there/);
  });
});
