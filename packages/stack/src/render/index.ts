export { renderCaddy } from './caddy.ts';
export { renderCompose, renderOverride } from './compose.ts';
export { type DokployTemplate, environmentNames, renderDokploy, renderDokployImport } from './dokploy.ts';
export { renderEnvExample } from './env.ts';
export { fillSection, type RenderedSection, renderFiles, renderSections } from './files.ts';
export { renderSwarm, type SwarmFiles } from './swarm.ts';
export { renderImageTable, renderServiceTable } from './table.ts';
