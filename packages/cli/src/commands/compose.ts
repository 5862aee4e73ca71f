import type { Stack } from '@peakstone/stack';
import type * as Render from '@peakstone/stack/render';
import type { Command, Invocation } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { projectOf } from '../stack.ts';

/** Choices that override `peakstone.config.ts` for one command. */
export const stackChoices = {
  engine: {
    kind: 'text',
    value: 'ENGINE',
    summary: 'Engine of every service not named in peakstone.config.ts',
    choices: ['peakstone', 'upstream'],
  },
  routes: {
    kind: 'text',
    value: 'KIND',
    summary: 'How hosts reach the services',
    choices: ['dokploy', 'traefik', 'caddy', 'none'],
  },
} as const;

/** The configuration that options give. Pure. */
export function chosen({ options }: Invocation): Record<string, unknown> {
  return {
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(options.routes === undefined ? {} : { routes: options.routes }),
  };
}

type Print = (render: typeof Render, stack: Stack, version: string) => string;

/** What can be printed, by the name that asks for it. */
const prints = {
  compose: (render, stack) => render.renderCompose(stack),
  local: (render, stack) => render.renderOverride(stack),
  caddy: (render, stack) => render.renderCaddy(stack),
  swarm: (render, stack) => render.renderSwarm(stack).stack,
  env: render => render.renderEnvExample(),
  dokploy: (render, stack, version) => render.renderDokploy(stack, version).template,
  'dokploy-import': (render, stack, version) =>
    `${render.renderDokployImport(render.renderDokploy(stack, version))}\n`,
  services: (render, stack) => render.renderServiceTable(stack),
  images: (render, stack) => render.renderImageTable(stack),
} satisfies Record<string, Print>;

export const compose: Command = {
  name: 'compose',
  summary: 'print the stack as a Compose file, or as another deployment’s files',
  description:
    'Renders peakstone.config.ts (or the default stack, without one). Nothing is read from .env: the files name the variables. To write, compare and start: peakstone deploy.',
  options: {
    ...stackChoices,
    print: {
      kind: 'text',
      value: 'FILE',
      summary: 'Which file (default compose)',
      choices: Object.keys(prints),
    },
  },
  examples: [
    { command: 'peakstone compose > docker-compose.yml', does: 'For Dokploy, or any Docker host' },
    { command: 'peakstone compose --engine upstream', does: 'The stack of the reference’s own images' },
    { command: 'peakstone compose --print env > .env.example', does: 'Every variable, explained' },
  ],
  run: async (invocation, context) => {
    const [{ loadStack, stackVersion }, render] = await Promise.all([
      import('@peakstone/stack/deploy'),
      import('@peakstone/stack/render'),
    ]);
    const stack = await loadStack(await projectOf(context), chosen(invocation));
    const print = prints[(invocation.options.print ?? 'compose') as keyof typeof prints];
    context.stdout.write(print(render, stack, stackVersion));
    return exitCodes.ok;
  },
};
