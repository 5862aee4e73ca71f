/** For a host without Traefik: one Caddy in front, certificates by ACME, the same hosts. */

import { hostOf } from '../container/endpoints.ts';
import { pinnedImage } from '../container/images.ts';
import type { Stack } from '../definition.ts';
import { limitModel } from './compose.ts';
import { buildContainers } from './containers.ts';
import { contentName } from './contentName.ts';
import { toYaml } from './yaml.ts';

export const caddyImage = { variable: 'CADDY_IMAGE', pin: 'caddy:2.10.2-alpine' };

/** `docker-compose.caddy.yml`, used together with a Compose file rendered without routes. Pure. */
export function renderCaddy(stack: Stack): string {
  const sites = buildContainers(stack).flatMap(container =>
    container.routes.map(
      route => `{$${route.domain}} {\n\treverse_proxy ${hostOf(stack, container.name)}:${route.port}\n}\n`,
    ),
  );
  // A host that is not set answers to a name that nobody asks for, without a certificate.
  const hosts = Object.fromEntries(
    buildContainers(stack).flatMap(container =>
      container.routes.map(
        route => [route.domain, `\${${route.domain}:-http://${route.name}.invalid}`] as const,
      ),
    ),
  );
  const content = `{\n\tadmin off\n}\n\n${sites.join('\n')}`.replaceAll('$', '$$$$');
  const source = contentName({ name: 'caddyfile', content });
  const model = {
    services: {
      caddy: {
        image: pinnedImage(caddyImage),
        restart: 'unless-stopped',
        ports: ['80:80', '443:443', '443:443/udp'],
        environment: hosts,
        configs: [{ source, target: '/etc/caddy/Caddyfile' }],
        volumes: ['caddy_data:/data', 'caddy_config:/config'],
        networks: { default: {} },
        ...limitModel({ memoryMb: 256, cpus: 1, pids: 128 }),
        cap_drop: ['ALL'],
        cap_add: ['NET_BIND_SERVICE'],
        security_opt: ['no-new-privileges:true'],
      },
    },
    volumes: { caddy_data: {}, caddy_config: {} },
    configs: { [source]: { content } },
  };
  return toYaml(
    model,
    'Hosts and certificates without Traefik: docker compose -f docker-compose.yml -f docker-compose.caddy.yml up -d',
  );
}
