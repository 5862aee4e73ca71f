// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { healthAgent } from '@peakstone/kernel/health';
import { parse } from 'yaml';
import { buildContainers } from '../src/render/containers.ts';
import { renderCompose } from '../src/render/index.ts';
import { resolveStack } from '../src/resolve.ts';

interface ComposeFile {
  readonly services: Record<string, Record<string, unknown>>;
  readonly networks?: Record<string, { readonly external?: boolean }>;
}

describe('the containers of a stack', () => {
  it('look at their health under the name that the gateway leaves out of its log', () => {
    const script = readFileSync(new URL('../../../deploy/peakstone/peakstone.sh', import.meta.url), 'utf8');
    assert.ok(script.includes(`User-Agent: ${healthAgent}\\r\\n`));
  });

  it('leave no job that nothing waits for, whatever is left out or elsewhere', () => {
    const elsewhere = { engine: 'external', url: 'http://logs.example.net' } as const;
    const choices: Parameters<typeof resolveStack>[0][] = [
      { services: { logs: false, 'logs-agent': false, grafana: false } },
      { services: { logs: elsewhere } },
      { services: { logs: elsewhere, images: false } },
      { services: { logs: elsewhere, images: false, rest: false, graphql: false, pooler: false } },
    ];
    for (const choice of [{}, ...choices]) {
      const containers = buildContainers(resolveStack(choice));
      const awaited = containers.flatMap(({ after }) =>
        after.flatMap(({ service, condition }) =>
          condition === 'service_completed_successfully' ? service : [],
        ),
      );
      for (const { name, job } of containers)
        assert.ok(!job || awaited.includes(name), `${name} with ${JSON.stringify(choice)}`);
    }
  });

  it('are healthy when they can answer, not when the database does: a proxy takes off what is not', () => {
    for (const engine of ['peakstone', 'upstream'] as const) {
      for (const { name, health, environment } of buildContainers(resolveStack({ engine }))) {
        if (!['rest', 'graphql', 'gateway'].includes(name)) continue;
        const asked = JSON.stringify([health?.test ?? [], environment.PEAKSTONE_HEALTH_URL ?? '']);
        assert.doesNotMatch(asked, /ready|healthz/, `${name} (${engine})`);
      }
    }
  });

  it('serve the schemas that .env names, else the configuration, else those that the database has had', () => {
    const schemas = (config: Parameters<typeof resolveStack>[0]) => {
      const containers = buildContainers(resolveStack(config));
      const of = (name: string) => containers.find(container => container.name === name)?.environment;
      return [of('db-bootstrap')?.DATABASE_SCHEMAS, of('rest')?.PGRST_DB_SCHEMAS];
    };
    for (const engine of ['peakstone', 'upstream'] as const) {
      // What the bootstrap finds in the database reaches the API by the database.
      assert.deepEqual(schemas({ engine }), ['${DATABASE_SCHEMAS:-}', '${DATABASE_SCHEMAS:-public}']);
      const named = '${DATABASE_SCHEMAS:-public,shop}';
      assert.deepEqual(schemas({ engine, schemas: ['public', 'shop'] }), [named, named]);
    }
  });

  it('size the database and its pools by the memory that it may use', () => {
    const sized = (memoryMb?: number) => {
      const stack = resolveStack(memoryMb === undefined ? {} : { limits: { postgres: { memoryMb } } });
      const of = (name: string) => buildContainers(stack).find(container => container.name === name)!;
      const flag = (name: string) =>
        of('postgres')
          .command?.find(part => part.startsWith(`${name}=`))
          ?.slice(name.length + 1);
      return {
        connections: Number(flag('max_connections')),
        buffers: flag('shared_buffers'),
        rest: Number(/^\$\{PGRST_DB_POOL:-(\d+)\}$/.exec(of('rest').environment.PGRST_DB_POOL ?? '')?.[1]),
        pooler: Number(/pool_size = (\d+)/.exec(of('pooler').files?.[0]?.content ?? '')?.[1]),
        pids: of('postgres').limits.pids,
      };
    };
    assert.deepEqual(sized(), { connections: 100, buffers: '256MB', rest: 10, pooler: 20, pids: 200 });
    assert.deepEqual(sized(8192), { connections: 500, buffers: '2048MB', rest: 10, pooler: 100, pids: 600 });
    for (const memoryMb of [128, 256, 512, 1024, 4096, 16_384]) {
      const { connections, rest, pooler } = sized(memoryMb);
      // Two replicas, two roles through the pooler, and some for people, migrations and the server's own.
      assert.ok(2 * rest + 2 * pooler + 10 <= connections, `${memoryMb} MB`);
    }
  });

  it('answer under the original stack’s names on the proxy’s network, where asked', () => {
    const shared = { sharedHosts: ['postgres', 'pgcat', 'minio'] };
    for (const [routes, key] of [
      ['dokploy', 'dokploy-network'],
      ['traefik', 'proxy'],
    ] as const) {
      const file = parse(renderCompose(resolveStack({ ...shared, routes }))) as ComposeFile;
      const aliases = (name: string) =>
        (file.services[name]!.networks as Record<string, { readonly aliases?: readonly string[] }>)[key]
          ?.aliases;
      assert.deepEqual(aliases('postgres'), ['postgres']);
      assert.deepEqual(aliases('pooler'), ['pgcat']);
      assert.deepEqual(aliases('storage'), ['minio']);
      assert.equal(aliases('rest'), undefined);
      assert.equal(file.networks?.[key]?.external, true);
    }
    assert.equal(
      (parse(renderCompose(resolveStack())) as ComposeFile).networks?.['dokploy-network'],
      undefined,
    );
  });
});
