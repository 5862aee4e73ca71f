/** The rendered files that the repository keeps, by path; a test holds them to the definition. */
import { type StackConfig, stackVersion } from '../definition.ts';
import { resolveStack } from '../resolve.ts';
import { serverHealthScript } from '../services/postgres/health.ts';
import { renderCaddy } from './caddy.ts';
import { renderCompose, renderOverride } from './compose.ts';
import { renderDokploy } from './dokploy.ts';
import { renderEnvExample } from './env.ts';
import { renderSwarm } from './swarm.ts';
import { renderImageTable, renderServiceTable } from './table.ts';

/** Marks in a document between which a table is rendered. */
export interface RenderedSection {
  readonly path: string;
  readonly mark: string;
  readonly content: string;
}

/** Path from the repository's root to content, for a configuration (the repository's own has none). Pure. */
export function renderFiles(config: StackConfig = {}): ReadonlyMap<string, string> {
  const stack = resolveStack(config);
  const upstream = resolveStack({ ...config, engine: 'upstream' });
  const traefik = resolveStack({ ...config, routes: 'traefik' });
  const plain = resolveStack({ ...config, routes: 'caddy' });
  const swarm = renderSwarm(traefik);
  const dokploy = renderDokploy(stack, stackVersion);
  return new Map([
    ['docker-compose.yml', renderCompose(stack)],
    ['docker-compose.local.yml', renderOverride(stack)],
    ['.env.example', renderEnvExample()],
    ['deploy/postgres/healthcheck.sh', `#!/bin/sh\n${serverHealthScript}`],
    ['deploy/compose/docker-compose.upstream.yml', renderCompose(upstream)],
    ['deploy/compose/docker-compose.traefik.yml', renderCompose(traefik)],
    ['deploy/compose/docker-compose.caddy.yml', renderCaddy(plain)],
    ['deploy/swarm/stack.yml', swarm.stack],
    ...[...swarm.configs].map(([path, content]): [string, string] => [`deploy/swarm/${path}`, content]),
    ['deploy/dokploy/peakstone/docker-compose.yml', dokploy.compose],
    ['deploy/dokploy/peakstone/template.toml', dokploy.template],
    ['deploy/dokploy/peakstone/meta.json', dokploy.meta],
    ['deploy/dokploy/peakstone/peakstone.svg', dokploy.logo],
  ]);
}

/** Tables inside documents. Pure. */
export function renderSections(config: StackConfig = {}): readonly RenderedSection[] {
  const stack = resolveStack(config);
  return [
    { path: 'docs/deployment.md', mark: 'services', content: renderServiceTable(stack) },
    { path: 'docs/deployment.md', mark: 'images', content: renderImageTable(stack) },
  ];
}

/**
 * Replaces what stands between `<!-- rendered:MARK -->` and `<!-- /rendered:MARK -->`. Pure.
 * @throws {RangeError} the document lacks the marks.
 */
export function fillSection(document: string, mark: string, content: string): string {
  const open = `<!-- rendered:${mark} -->`;
  const close = `<!-- /rendered:${mark} -->`;
  const start = document.indexOf(open);
  const end = document.indexOf(close);
  if (start === -1 || end < start) throw new RangeError(`the document has no ${open} … ${close}`);
  return `${document.slice(0, start + open.length)}\n${content}${document.slice(end)}`;
}
