/** The docs' tables of services and of images. */
import type { Stack } from '../definition.ts';
import { services } from '../services.ts';
import { buildContainers } from './containers/index.ts';
import { pinnedImages, postgresImages } from './images.ts';

/** Markdown: what serves, by whom, where. Pure. */
export function renderServiceTable(stack: Stack): string {
  const containers = new Map(buildContainers(stack).map(container => [container.name, container]));
  const rows = services.map(service => {
    const resolved = stack.services.find(candidate => candidate.definition.name === service.name);
    const container = containers.get(service.name);
    const port = container?.ports[0]?.container;
    const hosts = container?.routes.map(route => `\`${route.domain}\` → ${route.port}`).join('<br>') ?? '';
    return `| \`${service.name}\` | ${service.contract} | ${resolved?.engine ?? 'left out'} (${service.engines.join(', ')}) | ${port ?? ''} | ${hosts} |`;
  });
  return `| Service | What it speaks | Engine (it can have) | Port | Public host → port |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** Markdown: the variable of each image and what it is unless set. Pure. */
export function renderImageTable(stack: Stack): string {
  const own = [
    ['POSTGRES_IMAGE', postgresImages.peakstone],
    ['PEAKSTONE_IMAGE', stack.image],
  ];
  const rows = [...own, ...Object.entries(pinnedImages).filter(([name]) => name !== 'RUSTFS_IMAGE')].map(
    ([name, image]) => `| \`${name}\` | \`${image}\` |`,
  );
  return `| Variable | Image unless set |\n|---|---|\n${rows.join('\n')}\n`;
}
