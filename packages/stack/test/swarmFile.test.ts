import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { buildContainers } from '../src/render/containers.ts';
import { renderSwarm } from '../src/render/index.ts';
import { resolveStack } from '../src/resolve.ts';

interface StackFile {
  readonly services: Record<string, Record<string, unknown>>;
}

describe('the Swarm file', () => {
  const stack = resolveStack({ routes: 'traefik', replicas: { rest: 3 } });
  const { stack: text, configs } = renderSwarm(stack);
  const file = parse(text) as StackFile;

  it('has no start order and no restart key; stateless services have replicas and roll, stateful ones have a place', () => {
    for (const [name, service] of Object.entries(file.services)) {
      assert.equal(service.depends_on, undefined, name);
      assert.equal(service.restart, undefined, name);
    }
    const deploy = (name: string) =>
      file.services[name]?.deploy as unknown as {
        replicas: number;
        update_config: { order: string };
        placement?: object;
        resources: { limits: object };
        labels?: object;
      };
    assert.equal(deploy('rest').replicas, 3);
    assert.equal(deploy('rest').update_config.order, 'start-first');
    assert.equal(deploy('postgres').replicas, 1);
    assert.ok(deploy('postgres').placement);
    assert.ok(deploy('db-bootstrap').placement, 'it shares the folder of the server’s socket');
    assert.deepEqual(deploy('rest').resources.limits, { memory: '512M', cpus: '1', pids: 128 });
    assert.ok(JSON.stringify(deploy('rest').labels).includes('traefik.http.routers.peakstone-rest.rule'));
  });

  it('keeps secrets out of its config objects: the container’s environment fills them in', () => {
    const toml = configs.get('configs/pgcat') ?? '';
    assert.match(toml, /password = '''\{\{ env "DB_AUTHENTICATOR_PASSWORD" \}\}'''/);
    for (const [path, content] of configs) assert.doesNotMatch(content, /\$\{[A-Z]/, path);
  });

  it('gives the container every variable that a config of its own names', () => {
    for (const container of buildContainers(stack)) {
      for (const config of container.files ?? []) {
        for (const [, name] of (configs.get(`configs/${config.name}`) ?? '').matchAll(
          /\{\{ env "([A-Z0-9_]+)" \}\}/g,
        )) {
          assert.ok(
            name !== undefined && name in container.environment,
            `${container.name}: ${config.name} needs ${name}`,
          );
        }
      }
    }
  });

  it('names a config by its content, because Swarm’s cannot change', () => {
    const other = renderSwarm(
      resolveStack({
        routes: 'traefik',
        services: { postgres: { engine: 'external', url: 'postgres://elsewhere/' } },
      }),
    );
    const name = (rendered: string) => /name: (peakstone_pgcat_[0-9a-f]{10})/.exec(rendered)?.[1];
    assert.ok(name(text));
    assert.notEqual(name(text), name(other.stack));
  });

  it('nests no interpolation, which the stack command cannot read', () => {
    assert.doesNotMatch(text, /\$\{[A-Z0-9_]+:-[^}]*\$\{/);
  });
});
