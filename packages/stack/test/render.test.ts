// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { StackConfigError } from '../src/definition.ts';
import { buildContainers } from '../src/render/containers.ts';
import {
  fillSection,
  renderCaddy,
  renderCompose,
  renderFiles,
  renderOverride,
  renderSections,
} from '../src/render/index.ts';
import { resolveStack } from '../src/resolve.ts';
import { services } from '../src/services/index.ts';
import { variables } from '../src/variables.ts';

const root = join(import.meta.dirname, '../../..');

/** What each image holds of what its container is asked to run, after its Dockerfile. Loki's and PostgREST's have no shell. */
const programs: readonly [repository: string, held: readonly string[]][] = [
  ['peakstone/peakstone-postgres', ['/bin/sh']],
  ['willosagiede-dev/peakstone-postgres', ['/bin/sh']],
  ['peakstone/peakstone:', ['peakstone']],
  ['postgresml/pgcat', ['/bin/sh', 'bash']],
  ['postgrest/postgrest', ['postgrest']],
  ['hasura/graphql-engine', ['/bin/sh', 'curl']],
  ['minio/minio', ['/bin/sh', 'curl', 'mc']],
  ['minio/mc', ['/bin/sh', 'mc']],
  ['rustfs/rustfs', ['/bin/sh', 'curl']],
  ['darthsim/imgproxy', ['/bin/sh', 'imgproxy']],
  ['arigaio/atlas', ['/bin/sh']],
  ['dpage/pgadmin4', ['/bin/sh', 'wget']],
  ['grafana/loki', ['/usr/bin/loki']],
  ['grafana/alloy', ['/bin/sh', 'bash']],
  ['grafana/grafana', ['/bin/sh', 'curl', 'wget']],
];

interface ComposeFile {
  readonly version?: string;
  readonly services: Record<string, Record<string, unknown>>;
  readonly networks?: Record<string, { readonly external?: boolean; readonly name?: string }>;
  readonly volumes: Record<string, unknown>;
  readonly configs: Record<string, { readonly content: string }>;
}

/** The text of a configuration file, whose name in the file follows its content. */
function configText({ configs }: ComposeFile, name: string): string {
  const key = Object.keys(configs).find(candidate => candidate.replace(/_[0-9a-f]{10}$/, '') === name);
  return configs[key ?? '']?.content ?? '';
}

describe('the committed deployment files', () => {
  it('are what the definition renders (run: node scripts/render-deployment.ts)', () => {
    for (const [path, content] of renderFiles()) {
      assert.equal(readFileSync(join(root, path), 'utf8'), content, `${path} has drifted`);
    }
  });

  it('hold the tables that the definition renders', () => {
    for (const { path, mark, content } of renderSections()) {
      const document = readFileSync(join(root, path), 'utf8');
      assert.equal(document, fillSection(document, mark, content), `${path}: table '${mark}' has drifted`);
    }
  });
});

for (const engine of ['peakstone', 'upstream'] as const) {
  describe(`the Compose file with ${engine} engines`, () => {
    const text = renderCompose(resolveStack({ engine }));
    const file = parse(text) as ComposeFile;

    it('has no version, container name, host port or folder of the checkout', () => {
      assert.equal(file.version, undefined);
      for (const [name, service] of Object.entries(file.services)) {
        assert.equal(service.container_name, undefined, name);
        assert.equal(service.ports, undefined, name);
        for (const volume of (service.volumes ?? []) as readonly string[]) {
          assert.doesNotMatch(volume, /^\.\//, `${name}: Dokploy deletes the checkout on every fetch`);
        }
      }
    });

    it('names no image by a tag that moves', () => {
      for (const [name, service] of Object.entries(file.services)) {
        const image = String(service.image).replace(/^\$\{[A-Z_]+:-(.*)\}$/, '$1');
        assert.match(image, /^[a-z0-9./-]+:[A-Za-z0-9._-]+$/, name);
        assert.doesNotMatch(image, /:latest$|:main$|:master$/, name);
      }
    });

    it('gives every service a restart policy, and waits for the health of the database alone', () => {
      for (const [name, service] of Object.entries(file.services)) {
        const job = services.find(candidate => candidate.name === name)?.kind === 'job';
        assert.equal(service.restart, job ? 'no' : 'unless-stopped', name);
        for (const [target, { condition }] of Object.entries(
          (service.depends_on ?? {}) as Record<string, { readonly condition: string }>,
        )) {
          if (condition === 'service_healthy')
            assert.equal(target, 'postgres', `${name} waits for the health of ${target}`);
          assert.ok(target in file.services, `${name} waits for ${target}, which is not there`);
        }
      }
    });

    it('never lets logging hold back a service', () => {
      for (const name of [
        'postgres',
        'db-bootstrap',
        'rest',
        'graphql',
        'storage',
        'images',
        'gateway',
        'pooler',
      ]) {
        const waits = Object.keys((file.services[name]?.depends_on ?? {}) as object);
        for (const logging of ['logs', 'logs-agent', 'grafana'])
          assert.ok(!waits.includes(logging), `${name} waits for ${logging}`);
      }
    });

    it('interpolates no variable that .env.example does not explain', () => {
      const known = new Set(variables.map(variable => variable.name));
      for (const [, name] of text.matchAll(/(?<!\$)\$\{([A-Z0-9_]+)/g))
        assert.ok(known.has(name ?? ''), `\${${name}} is not in the catalogue`);
    });

    it('pastes no secret into a URL, where not every character can stand', () => {
      const secret = variables.filter(variable => variable.generate).map(({ name }) => name);
      for (const [url] of text.matchAll(/\w:\/\/[^\s"']+/g)) {
        for (const [, name] of url.matchAll(/\$\{([A-Z0-9_]+)/g))
          assert.ok(!secret.includes(name ?? ''), url);
      }
    });

    it('names configuration files by their content, and gives the container every variable that they name', () => {
      for (const [name, { content }] of Object.entries(file.configs)) {
        assert.match(name, /^[a-z_]+_[0-9a-f]{10}$/);
        const user = Object.values(file.services).find(({ configs }) =>
          ((configs ?? []) as readonly { readonly source: string }[]).some(({ source }) => source === name),
        );
        const { environment = {} } = user as { readonly environment?: Record<string, string> };
        const given = JSON.stringify(environment);
        for (const [, variable] of content.matchAll(/(?<!\$)\$\{([A-Z0-9_]+)/g))
          assert.ok(
            given.includes(`\${${variable}`),
            `${name}: a changed ${variable} would not reach the container`,
          );
      }
    });

    it('bounds what every container may use', () => {
      for (const [name, service] of Object.entries(file.services)) {
        assert.match(String(service.mem_limit), /^\d+m$/, name);
        assert.ok(Number(service.cpu_quota) >= 100_000 && Number(service.pids_limit) > 0, name);
      }
    });

    it('names the pooler’s pool after the database', () => {
      assert.match(configText(file, 'pgcat'), /^\[pools\.'\$\{POSTGRES_DB:-postgres\}'\]$/m);
    });
  });
}

describe('routes', () => {
  it('are Traefik labels only when asked for, only on public services, with names of the stack', () => {
    const text = renderCompose(resolveStack({ routes: 'traefik', name: 'shop' }));
    const file = parse(text) as ComposeFile;
    const routed = Object.entries(file.services).filter(([, service]) =>
      JSON.stringify(service.labels ?? {}).includes('traefik'),
    );
    assert.deepEqual(routed.map(([name]) => name).sort(), [
      'admin',
      'gateway',
      'grafana',
      'graphql',
      'images',
      'rest',
      'storage',
    ]);
    for (const [, service] of routed) {
      const labels = service.labels as Record<string, string>;
      for (const key of Object.keys(labels).filter(label => label.startsWith('traefik.http.routers.')))
        assert.match(key, /^traefik\.http\.routers\.shop-/);
      assert.ok('proxy' in (service.networks as object));
    }
    assert.deepEqual(file.networks?.proxy, { name: '${PROXY_NETWORK:-dokploy-network}', external: true });
    assert.match(
      text,
      /shop-rest\.tls\.certresolver: \$\{DOMAIN_API:\+letsencrypt\}/,
      'no host, no certificate',
    );
    const plain = renderCompose(resolveStack());
    assert.doesNotMatch(plain, /traefik/);
  });

  it('can be Caddy’s, for the same hosts', () => {
    const caddy = parse(renderCaddy(resolveStack({ routes: 'caddy' }))) as ComposeFile;
    for (const domain of ['DOMAIN_API', 'DOMAIN_GQL', 'DOMAIN_FILES', 'DOMAIN_IMG', 'DOMAIN_GRAFANA']) {
      assert.ok(configText(caddy, 'caddyfile').includes(`{$$${domain}}`), domain);
    }
  });

  it('reach this machine only through the override file, and there only the loopback address', () => {
    const override = parse(renderOverride(resolveStack())) as {
      readonly services: Record<string, { readonly ports: readonly string[] }>;
    };
    for (const [name, { ports }] of Object.entries(override.services)) {
      for (const port of ports) assert.match(port, /127\.0\.0\.1:/, `${name}: ${port}`);
    }
  });
});

describe('engines', () => {
  it('leave out the container of what is external, and point the others to it', () => {
    const stack = resolveStack({
      services: {
        postgres: { engine: 'external', url: 'postgres://db.example.net:6543/app?sslmode=verify-full' },
        storage: { engine: 'external', url: 'https://s3.example.net/' },
        'storage-bootstrap': false,
      },
    });
    const containers = buildContainers(stack);
    assert.equal(
      containers.find(container => container.name === 'postgres'),
      undefined,
    );
    const rest = containers.find(container => container.name === 'rest');
    const { PGHOST, PGPORT, PGSSLMODE } = rest?.environment ?? {};
    assert.deepEqual([PGHOST, PGPORT, PGSSLMODE], ['db.example.net', '6543', 'verify-full']);
    assert.ok(rest?.after.every(after => after.service !== 'postgres'));
    const logs = containers.find(container => container.name === 'logs');
    assert.match(logs?.files?.[0]?.content ?? '', /endpoint: https:\/\/s3\.example\.net$/m);
  });

  it('can be chosen service by service', () => {
    const stack = resolveStack({ services: { rest: 'upstream', gateway: false }, storage: 'rustfs' });
    const file = parse(renderCompose(stack)) as ComposeFile;
    assert.match(String(file.services.rest?.image), /postgrest\/postgrest/);
    assert.equal(file.services.gateway, undefined);
    assert.match(String(file.services.storage?.image), /rustfs\/rustfs/);
  });

  it('follow MINIO_BUCKET in the app user’s policy where MinIO serves, and never expire a live object', () => {
    const file = parse(renderCompose(resolveStack({ storage: 'minio' }))) as ComposeFile;
    assert.match(configText(file, 'app_policy'), /arn:aws:s3:::\$\{MINIO_BUCKET:-uploads\}\/\*/);
    const { Rules } = JSON.parse(configText(file, 'bucket_lifecycle')) as {
      readonly Rules: readonly Record<string, unknown>[];
    };
    assert.ok(Rules.every(rule => rule.Expiration === undefined));
  });

  it('ask only programs that their images hold whether they are healthy', () => {
    for (const stack of [resolveStack({ engine: 'upstream' }), resolveStack({ storage: 'rustfs' })]) {
      for (const { name, image, entrypoint, health } of buildContainers(stack)) {
        const held = programs.find(([repository]) => image.includes(repository))?.[1] ?? [];
        const asked = health === undefined ? [] : [health.test[0] === 'CMD' ? health.test[1] : '/bin/sh'];
        if (health?.test[0] === 'CMD-SHELL')
          asked.push(/^[a-z]+(?= )/.exec(health.test[1] ?? '')?.[0] ?? '/bin/sh');
        for (const program of [...asked, ...(entrypoint ?? []).slice(0, 1)])
          assert.ok(program && held.includes(program), `${name}: ${image} has no ${program}`);
      }
    }
  });

  it('let imgproxy read the bucket as the app’s user, and only where there is a store', () => {
    const environment = (stack: Parameters<typeof resolveStack>[0]) =>
      buildContainers(resolveStack(stack)).find(container => container.name === 'images')?.environment ?? {};
    assert.equal(environment({ name: 'shop' }).IMGPROXY_S3_ENDPOINT, 'http://shop-storage:9000');
    const without = environment({
      services: {
        storage: false,
        'storage-bootstrap': false,
        logs: false,
        'logs-agent': false,
        grafana: false,
      },
    });
    assert.ok(!('AWS_ACCESS_KEY_ID' in without) && !('IMGPROXY_USE_S3' in without));
  });

  it('find Atlas where its image has it, on no path', () => {
    const stack = resolveStack({ services: { 'atlas-migrate': 'upstream' } });
    const { 'atlas-migrate': migrate } = (parse(renderCompose(stack)) as ComposeFile).services;
    assert.match(String(migrate?.command), /^PATH="\$\$PATH:\/"$/m);
  });

  it('log RustFS to standard output, where the agent reads', () => {
    const file = parse(renderCompose(resolveStack({ storage: 'rustfs' }))) as ComposeFile;
    const environment = file.services.storage?.environment as Record<string, string>;
    assert.equal(environment.RUSTFS_OBS_LOG_DIRECTORY, '');
  });

  it('hand pgAdmin its passwords on every start, in a file of its own', () => {
    const { admin } = (parse(renderCompose(resolveStack())) as ComposeFile).services;
    assert.match(
      String(admin?.command),
      /umask 077 .*fill < \/pgadmin4\/pgpass > .*\nexec \/entrypoint\.sh\n$/s,
    );
  });

  const refused: readonly [string, () => unknown, RegExp][] = [
    [
      'an unknown service',
      () => resolveStack({ services: { redis: 'upstream' } }),
      /'redis' is not a service; there are postgres, /,
    ],
    [
      'an engine that cannot serve it',
      () => resolveStack({ services: { pooler: 'peakstone' } }),
      /services\.pooler: 'peakstone' cannot serve it; upstream or external can/,
    ],
    [
      'external without an address',
      () => resolveStack({ services: { logs: 'external' } }),
      /services\.logs: 'external' needs its address/,
    ],
    [
      'replicas of what keeps state',
      () => resolveStack({ replicas: { postgres: 2 } }),
      /replicas\.postgres: it keeps state/,
    ],
    [
      'a name that is no host name',
      () => resolveStack({ name: 'My Stack' }),
      /name: 'My Stack' must be 1 to 31 lower-case/,
    ],
    [
      'a limit that is none',
      () => resolveStack({ limits: { rest: { memory: 5 } as object } }),
      /limits\.rest: 'memory' is no limit; there are memoryMb, cpus, pids/,
    ],
    [
      'a limit in which nothing starts',
      () => resolveStack({ limits: { rest: { memoryMb: 16 } } }),
      /limits\.rest\.memoryMb: 16 MB are too few/,
    ],
    [
      'a shared host that nothing answers to',
      () => resolveStack({ sharedHosts: ['mysql'] }),
      /sharedHosts: 'mysql' is no container's name/,
    ],
    [
      'a schema that is no identifier',
      () => resolveStack({ schemas: ['public; drop'] }),
      /schemas: 'public; drop' must be/,
    ],
    [
      'a schema that is not the application’s',
      () => resolveStack({ schemas: ['public', 'auth'] }),
      /schemas: .* must be names of the application's schemas.*"auth"/,
    ],
    [
      'logs without their store',
      () => buildContainers(resolveStack({ services: { storage: false, 'storage-bootstrap': false } })),
      /services\.logs: it needs storage; leave out what has no use without \(logs: false, 'logs-agent': false, grafana: false\)/,
    ],
    [
      'a service that is only said to be wanted',
      () => resolveStack({ services: { graphql: true } } as never),
      /services\.graphql: it must be 'peakstone', 'upstream', false, or \{ engine: 'external'/,
    ],
    [
      'a service by a name that is nearly one',
      () => resolveStack({ services: { grapql: false } }),
      /'grapql' is not a service; did you mean graphql\? There are postgres/,
    ],
    [
      'services as a list',
      () => resolveStack({ services: ['graphql'] } as never),
      /services: it must be a table by service/,
    ],
    [
      'a setting that does not exist',
      () => resolveStack({ engin: 'upstream' } as never),
      /'engin' is not a setting/,
    ],
  ];
  for (const [what, act, message] of refused) {
    it(`refuse ${what}, saying what there is`, () =>
      assert.throws(
        act,
        (error: unknown) => error instanceof StackConfigError && message.test(error.message),
      ));
  }
});
