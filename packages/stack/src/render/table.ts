/** The docs' tables of services and of images. */
import type { Stack } from '../definition.ts';
import { services } from '../services/index.ts';
import { caddyImage } from './caddy.ts';
import { buildContainers } from './containers.ts';

/** Markdown: what serves, by whom, where. Pure. */
export function renderServiceTable(stack: Stack): string {
  const containers = new Map(buildContainers(stack).map(container => [container.name, container]));
  const deployed = services.filter(({ onlyHere }) => !onlyHere);
  const rows = deployed.map(service => {
    const resolved = stack.services.find(candidate => candidate.definition.name === service.name);
    const container = containers.get(service.name);
    const port = container?.ports[0]?.container;
    const hosts = container?.routes.map(route => `\`${route.domain}\` → ${route.port}`).join('<br>') ?? '';
    return [
      `\`${service.name}\``,
      service.contract,
      `${resolved?.engine ?? 'left out'} (${service.engines.join(', ')})`,
      String(port ?? ''),
      hosts,
    ];
  });
  return markdownTable(
    ['Service', 'What it speaks', 'Engine (it can have)', 'Port', 'Public host → port'],
    rows,
  );
}

/** Markdown: the variable of each image and what it is unless set. Pure. */
export function renderImageTable(stack: Stack): string {
  const images = [
    ...services.flatMap(({ ownImage }) => ownImage ?? []),
    { variable: 'PEAKSTONE_IMAGE', pin: stack.image },
    ...services.flatMap(({ image, ownImage }) => (ownImage ? [] : (image ?? []))),
    caddyImage,
  ];
  const rows = images.map(({ variable, pin }) => [`\`${variable}\``, `\`${pin}\``]);
  return markdownTable(['Variable', 'Image unless set'], rows);
}

/** Columns of one width, as formatters have them. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`;
  return `\n${[line(head), rule, ...rows.map(line)].join('\n')}\n\n`;
}
