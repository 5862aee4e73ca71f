/** Builds the images, and deploys them for real. Minutes long: see `startEngine` for when it runs. */
import { after, before, describe } from 'node:test';
import { describeCompose } from './compose.ts';
import type { Suite } from './context.ts';
import { build, type Engine, startEngine } from './engine.ts';
import { describeImages } from './images.ts';
import { describeSwarm } from './swarm.ts';

const engine: Engine | string = await startEngine();
const images = {
  postgres: 'peakstone-postgres:test-1',
  peakstone: 'peakstone:test-1',
  nextPostgres: 'peakstone-postgres:test-2',
  nextPeakstone: 'peakstone:test-2',
};

describe('deployment', { skip: typeof engine === 'string' && engine, timeout: 1_700_000 }, () => {
  const suite = (): Suite => ({ engine: engine as Engine, images });
  before(async () => {
    await build(suite().engine, 'postgres', images.postgres, '1.0.0');
    await build(suite().engine, 'peakstone', images.peakstone, '1.0.0');
    await build(suite().engine, 'postgres', images.nextPostgres, '1.0.1');
    await build(suite().engine, 'peakstone', images.nextPeakstone, '1.0.1');
  });
  after(async () => {
    // An engine that was here before keeps nothing of ours.
    if (!suite().engine.own)
      await suite().engine.docker(['image', 'rm', '--force', ...Object.values(images)]);
    await suite().engine.stop();
  });

  describeImages(suite);
  describeCompose(suite);
  describeSwarm(suite);
});
