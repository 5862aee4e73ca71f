import type { Route } from '../container/spec.ts';
import type { Stack } from '../definition.ts';

/**
 * Traefik 3 labels for a container's public hosts: TLS at the edge, HTTP on the stack's network.
 * Router names carry the stack's name, because they are global to a Traefik.
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/other-providers/docker/
 */
export function routeLabels(
  stack: Stack,
  routes: readonly Route[],
  network: string,
  provider: 'docker' | 'swarm' = 'docker',
): Record<string, string> {
  const labels: Record<string, string> = {
    'traefik.enable': 'true',
    [`traefik.${provider}.network`]: network,
  };
  for (const route of routes) {
    const name = `${stack.name}-${route.name}`;
    // Without a host the rule matches nothing that resolves, and Traefik does not complain.
    const rule = `Host(\`\${${route.domain}:-${route.name}.invalid}\`)`;
    labels[`traefik.http.routers.${name}.rule`] = rule;
    labels[`traefik.http.routers.${name}.entrypoints`] = 'websecure';
    // A certificate for such a name would be asked for in vain, again and again. The stack command cannot read `:+`.
    labels[`traefik.http.routers.${name}.tls.certresolver`] =
      provider === 'docker' ? `\${${route.domain}:+letsencrypt}` : 'letsencrypt';
    labels[`traefik.http.routers.${name}.middlewares`] = `${stack.name}-retry@${provider}`;
    labels[`traefik.http.routers.${name}.service`] = name;
    labels[`traefik.http.routers.${name}-http.rule`] = rule;
    labels[`traefik.http.routers.${name}-http.entrypoints`] = 'web';
    labels[`traefik.http.routers.${name}-http.middlewares`] = `${stack.name}-https@${provider}`;
    labels[`traefik.http.routers.${name}-http.service`] = name;
    labels[`traefik.http.services.${name}.loadbalancer.server.port`] = String(route.port);
  }
  labels[`traefik.http.middlewares.${stack.name}-https.redirectscheme.scheme`] = 'https';
  labels[`traefik.http.middlewares.${stack.name}-https.redirectscheme.permanent`] = 'true';
  // A replica that is being replaced refuses connections before Traefik hears of it; the next one takes the request.
  labels[`traefik.http.middlewares.${stack.name}-retry.retry.attempts`] = '4';
  labels[`traefik.http.middlewares.${stack.name}-retry.retry.initialinterval`] = '100ms';
  return labels;
}
