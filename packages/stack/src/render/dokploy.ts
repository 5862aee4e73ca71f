// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's and Dokploy's interpolation syntax.
/**
 * Prints a stack as a Dokploy template: a Compose file without routes or host ports, and `template.toml` with generated secrets,
 * the environment and the domains.
 * @see https://github.com/Dokploy/templates
 */
import type { Generate } from '@peakstone/database';
import type { Stack } from '../definition.ts';
import { findVariable, variables } from '../variables.ts';
import { composeModel } from './compose.ts';
import { buildContainers } from './containers.ts';
import { toYaml } from './yaml.ts';

export interface DokployTemplate {
  readonly compose: string;
  readonly template: string;
  readonly meta: string;
  readonly logo: string;
}

/** Pure. @throws {StackConfigError} from {@link buildContainers} */
export function renderDokploy(stack: Stack, version: string): DokployTemplate {
  // Several apps may come from one template, and those of their services that have a domain meet on Dokploy's network: hosts are
  // named after the app, which Dokploy gives to Compose as the project.
  const own: Stack = { ...stack, hostPrefix: '${COMPOSE_PROJECT_NAME}-', routes: 'dokploy' };
  // Dokploy lists and backs up volumes by their plain names.
  const containers = buildContainers(own).map(container => ({
    ...container,
    ...(container.volumes && {
      volumes: container.volumes.map(mount => ({ ...mount, source: mount.volume ?? mount.source })),
    }),
  }));
  return {
    compose: toYaml(composeModel(own, containers)),
    template: renderTemplate(own),
    meta: renderMeta(version),
    logo: logoSvg,
  };
}

function renderMeta(version: string): string {
  const repository = 'https://github.com/peakstone/peakstone';
  const meta = {
    id: 'peakstone',
    name: 'PeakStone',
    version,
    description:
      'A whole backend on PostgreSQL 17: REST and GraphQL over row-level security, S3 storage, image transformation, a pooler, migrations, pgAdmin and centralized logs.',
    logo: 'peakstone.svg',
    links: { github: repository, website: repository, docs: `${repository}/tree/main/docs` },
    tags: ['backend', 'database', 'postgres', 'api', 'storage', 'logging'],
  };
  // A short list on one line, as formatters have it.
  return `${JSON.stringify(meta, null, 2).replace(/\[\s+([^\]]*?)\s+\]/, (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, ' ')}]`)}\n`;
}

/** The template as Dokploy's import takes it: base64 of JSON with the Compose file and `template.toml`. Pure. */
export function renderDokployImport(template: DokployTemplate): string {
  return Buffer.from(JSON.stringify({ compose: template.compose, config: template.template })).toString(
    'base64',
  );
}

/** The environment as Dokploy stores it: the variables that the stack's containers read, in the catalogue's order. */
export function environmentNames(stack: Stack): string[] {
  const text = JSON.stringify(composeModel(stack, buildContainers(stack)));
  const used = new Set([...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map(match => match[1]));
  return variables.filter(variable => used.has(variable.name)).map(variable => variable.name);
}

function renderTemplate(stack: Stack): string {
  const containers = buildContainers(stack);
  const routes = containers.flatMap(container =>
    container.routes.map(route => ({ ...route, service: container.name })),
  );
  const names = environmentNames(stack);
  const lines = ['[variables]'];
  for (const route of routes) lines.push(`${hostVariable(route.name)} = "\${domain}"`);
  for (const name of names) {
    const generate = findVariable(name)?.generate;
    if (generate) lines.push(`${name.toLowerCase()} = "${helper(generate)}"`);
  }
  lines.push('', '[config]', 'env = [');
  for (const name of names) {
    const variable = findVariable(name);
    if (!variable || variable.optional || variable.dokploy === false) continue;
    const route = routes.find(candidate => candidate.domain === name);
    const value = route
      ? `\${${hostVariable(route.name)}}`
      : variable.generate
        ? `\${${name.toLowerCase()}}`
        : (variable.dokploy ?? variable.value ?? '');
    lines.push(`  ${JSON.stringify(`${name}=${value}`)},`);
  }
  for (const route of routes) {
    if (!names.includes(route.domain))
      lines.push(`  ${JSON.stringify(`${route.domain}=\${${hostVariable(route.name)}}`)},`);
  }
  lines.push(']');
  for (const route of routes) {
    lines.push(
      '',
      '[[config.domains]]',
      `serviceName = "${route.service}"`,
      `port = ${route.port}`,
      `host = "\${${hostVariable(route.name)}}"`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function hostVariable(route: string): string {
  return `${route.replaceAll('-', '_')}_host`;
}

/** Always Dokploy's `hash`, whose length is in characters: it is hex of true randomness, which its `password` is not. */
function helper(generate: Generate): string {
  return `\${hash:${generate.bytes * 2}}`;
}

const logoSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="PeakStone">
  <rect width="64" height="64" rx="14" fill="#14213d"/>
  <path d="M8 50 26 18l9 15 5-8 16 25z" fill="#e5e5e5"/>
  <path d="M26 18l9 15-6 5-4-5-7 2z" fill="#fca311"/>
</svg>
`;
