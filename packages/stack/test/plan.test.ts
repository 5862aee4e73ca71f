import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { stackPaths } from '../src/project/paths.ts';
import { planStack } from '../src/run/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'peakstone-plan-'));
after(() => rmSync(folder, { recursive: true }));

describe('the plan of a start', () => {
  for (const [name, value] of Object.entries({ POSTGRES_PORT: '99999', GATEWAY_PORT: 'abc' }))
    it(`refuses ${name}=${value}, whether --port-base stands in its place or not`, async () => {
      for (const portBase of [undefined, 24_000]) {
        const settings = {
          cwd: folder,
          env: { [name]: value },
          ...(portBase === undefined ? {} : { portBase }),
        };
        await assert.rejects(
          planStack(settings, stackPaths(folder), () => {}),
          { code: 'config', message: new RegExp(`${name} must be a port`) },
        );
      }
    });
});
