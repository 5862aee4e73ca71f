/** One data folder, one server: what the image of PostgreSQL refuses. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Suite } from './context.ts';
import { until } from './engine.ts';

export function describeDataLock(suite: () => Suite): void {
  describe('a data folder', () => {
    it('lets no second server run on the folder of one that runs, and nothing be put back into it', async () => {
      const { engine, images } = suite();
      const volume = `peakstone-test-lock-${process.pid}`;
      const name = `${volume}-server`;
      // A second server of one stack, by a mistaken `docker compose run postgres`, has the sockets' folder as well.
      const sockets = `${volume}-sockets`;
      const mounted = ['-v', `${volume}:/var/lib/postgresql/data`, '-v', `${sockets}:/var/run/postgresql`];
      const serves = () =>
        until(async () => (await engine.docker(['exec', name, 'pg_isready'])).code === 0, 120_000);
      try {
        await engine.run([
          'run',
          '-d',
          '--name',
          name,
          '-e',
          'POSTGRES_PASSWORD=x',
          ...mounted,
          images.postgres,
        ]);
        assert.ok(await serves());
        const second = await engine.docker(['run', '--rm', ...mounted, images.postgres]);
        assert.equal(second.code, 1);
        assert.match(
          second.stderr,
          /^peakstone-postgres: another server runs on \S+, or it is being restored/m,
        );
        assert.ok(await serves(), 'the first server lost its socket');
        const lock = 'exec 9</var/lib/postgresql/data; flock -n 9';
        const restore = ['run', '--rm', ...mounted, '--entrypoint', 'sh', images.postgres, '-c', lock];
        assert.equal((await engine.docker(restore)).code, 1);
        await engine.run(['kill', '--signal', 'KILL', name]);
        await engine.run(['wait', name]);
        assert.equal((await engine.docker(restore)).code, 0);
        await engine.run(['start', name]);
        assert.ok(await serves());
      } finally {
        await engine.docker(['rm', '--force', name]);
        await engine.docker(['volume', 'rm', '--force', volume, sockets]);
      }
    });
  });
}
