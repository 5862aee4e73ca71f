// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, passedOn, publicRoute } from '../../container/basics.ts';
import { httpOrigin } from '../../container/endpoints.ts';
import { ownImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { upstreamVariable } from '../../project/urls.ts';
import { gatewayFurther } from './variables.ts';

/** Every HTTP service of the stack, by path and by host, on one address. */
export function gatewayContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  // What has no route stays inside: the log store's ingest has no credentials of its own.
  const behind = stack.services.filter(({ definition }) => definition.route);
  const upstreams = Object.fromEntries(
    behind.map(({ definition: { name } }) => [upstreamVariable(name), httpOrigin(stack, name) ?? '']),
  );
  return {
    ...basics(stack, service),
    image: ownImage(stack, service.definition),
    command: ['gateway'],
    environment: {
      ...upstreams,
      ...passedOn(
        behind.flatMap(({ definition: { domain } }) => (domain === undefined ? [] : { name: domain })),
      ),
      ...passedOn(gatewayFurther),
      HASURA_CORS: '${HASURA_CORS:-*}',
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: '8000',
      // The reverse proxy before it, on the stack's own networks.
      GATEWAY_TRUSTED_PROXIES: '${GATEWAY_TRUSTED_PROXIES:-loopback,private}',
      PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8000/',
    },
    tmpfs: ['/tmp'],
    health: builtInHealth,
    ports: [{ container: 8000, local: '${PUBLISH_GATEWAY:-127.0.0.1:8000}' }],
    routes: publicRoute('gateway', 'DOMAIN_GATEWAY', 8000),
    hardened: true,
    stopGraceS: 30,
  };
}
