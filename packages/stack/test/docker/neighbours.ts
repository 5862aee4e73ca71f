/** Two apps from one Dokploy template, whose public services meet on Dokploy's network. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { renderDokploy } from '../../src/render/index.ts';
import { resolveStack } from '../../src/resolve.ts';
import { makeFolder, ownServices, type Suite } from './context.ts';

const network = 'peakstone-test-shared';
const apps = ['peakstone-one', 'peakstone-two'] as const;
const requests = 40;

/** What Dokploy does to the services that have a domain, before it calls Compose. */
function addDomains(compose: string, services: readonly string[]): string {
  const file = parse(compose) as {
    readonly services: Record<string, { networks?: Record<string, object> }>;
    networks?: Record<string, object>;
  };
  for (const name of services) {
    const service = file.services[name]!;
    service.networks = { ...service.networks, 'dokploy-network': {} };
  }
  file.networks = { ...file.networks, 'dokploy-network': { external: true, name: network } };
  return stringify(file);
}

export function describeNeighbours(suite: () => Suite): void {
  describe('two apps of one Dokploy template', { timeout: 900_000 }, () => {
    const folders = new Map<string, ReturnType<typeof makeFolder>>();
    const compose = (app: string, ...args: string[]) =>
      suite().engine.run(
        ['compose', '-p', app, '-f', join(folders.get(app)!.folder, 'docker-compose.yml'), ...args],
        {
          timeoutMs: 400_000,
          cwd: folders.get(app)!.folder,
        },
      );
    const down = (app: string) =>
      suite().engine.docker(['compose', '-p', app, 'down', '--volumes', '--timeout', '5'], { cwd: tmpdir() });

    before(async () => {
      const { engine, images } = suite();
      for (const app of apps) await down(app);
      await engine.docker(['network', 'rm', network]);
      await engine.run(['network', 'create', network]);
      const template = renderDokploy(resolveStack({ services: ownServices }), '1.0.0');
      for (const app of apps) {
        const project = makeFolder({ POSTGRES_IMAGE: images.postgres, PEAKSTONE_IMAGE: images.peakstone });
        folders.set(app, project);
        writeFileSync(
          join(project.folder, 'docker-compose.yml'),
          addDomains(template.compose, ['rest', 'gateway']),
        );
        await compose(app, 'up', '--detach', '--wait', '--pull', 'never');
        await compose(
          app,
          ...['exec', '-T', 'postgres', 'psql', '-XqU', 'postgres', '-c'],
          `create table public.app(name text); insert into app values ('${app}'); grant select on app to web_anon; notify pgrst, 'reload schema'`,
        );
      }
    });
    after(async () => {
      for (const app of apps) await down(app);
      await suite().engine.docker(['network', 'rm', network]);
      for (const project of folders.values()) project.remove();
    });

    it(`never reach each other: 0 of ${requests} requests through each gateway`, async context => {
      for (const app of apps) {
        // Inside the gateway's container, which is on both networks, as the one that looks the other services up.
        const program = `
          const names = {};
          const once = async () => {
            const response = await fetch('http://127.0.0.1:8000/rest/v1/app');
            const text = response.status === 200 ? (await response.json())[0].name : 'status ' + response.status;
            names[text] = (names[text] ?? 0) + 1;
          };
          const ready = async () => (await fetch('http://127.0.0.1:8000/rest/v1/app')).status === 200;
          while (!(await ready())) await new Promise(resolve => setTimeout(resolve, 200));
          for (let i = 0; i < ${requests}; i++) await once();
          console.log(JSON.stringify(names));`;
        const said = await compose(
          app,
          'exec',
          '-T',
          'gateway',
          'node',
          '--input-type=module',
          '-e',
          program,
        );
        context.diagnostic(`${app}: ${said}`);
        assert.deepEqual(JSON.parse(said), { [app]: requests });
      }
    });
  });
}
