import assert from 'node:assert/strict';
import { it } from 'node:test';
import { keepLedger } from './ledger.ts';

it('under constant writes and kills of server and backup service, a restore holds exactly what was committed by its moment', async () => {
  const said: string[] = [];
  const { acknowledged, restores } = await keepLedger({
    kills: 3,
    restores: 2,
    seed: 20_261_127,
    say: text => said.push(text),
  });
  assert.ok(acknowledged > 100, said.join('\n'));
  assert.deepEqual(
    restores.map(({ missing, surplus }) => [missing, surplus]),
    [
      [0, 0],
      [0, 0],
    ],
    said.join('\n'),
  );
});
