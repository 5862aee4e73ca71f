/** Lives with a deployed stack as an operator does. Minutes long: see `startEngine` for when it runs. */
import { after, before, describe } from 'node:test';
import type { Suite } from './context.ts';
import { describeDataLock } from './dataLock.ts';
import { build, type Engine, startEngine } from './engine.ts';
import { describeNeighbours } from './neighbours.ts';
import { describeOriginal } from './original.ts';
import { describeProduction } from './production.ts';

const engine: Engine | string = await startEngine();
const images = {
  postgres: 'peakstone-postgres:test-operation',
  peakstone: 'peakstone:test-operation',
  nextPostgres: 'peakstone-postgres:test-operation',
  nextPeakstone: 'peakstone:test-operation',
};

describe('operation', { skip: typeof engine === 'string' && engine, timeout: 1_700_000 }, () => {
  const suite = (): Suite => ({ engine: engine as Engine, images });
  before(async () => {
    await build(suite().engine, 'postgres', images.postgres, '1.0.0');
    await build(suite().engine, 'peakstone', images.peakstone, '1.0.0');
  });
  after(async () => {
    // An engine that was here before keeps nothing of ours.
    if (!suite().engine.own)
      await suite().engine.docker(['image', 'rm', '--force', images.postgres, images.peakstone]);
    await suite().engine.stop();
  });

  describeDataLock(suite);
  describeNeighbours(suite);
  describeOriginal(suite);
  describeProduction(suite);
});
