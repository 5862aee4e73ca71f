import { type Command, type Invocation } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';

/** Choices that override `peakstone.config.ts` for one command. */
export const stackChoices = {
  engine: { kind: 'text', value: 'ENGINE', summary: 'Engine of every service not named in peakstone.config.ts', choices: ['peakstone', 'upstream'] },
  routes: { kind: 'text', value: 'KIND', summary: 'How hosts reach the services', choices: ['dokploy', 'traefik', 'caddy', 'none'] },
} as const;

/** The configuration that options give. Pure. */
export function chosen({ options }: Invocation): Record<string, unknown> {
  return {
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(options.routes === undefined ? {} : { routes: options.routes }),
  };
}

export const compose: Command = {
  name: 'compose',
  summary: 'print the stack as a Compose file, or as another deployment’s files',
  description:
    'Renders peakstone.config.ts (or the default stack, without one). Nothing is read from .env: the files name the variables. To write, compare and start: peakstone deploy.',
  options: {
    ...stackChoices,
    print: { kind: 'text', value: 'FILE', summary: 'Which file (default compose)', choices: ['compose', 'local', 'caddy', 'swarm', 'env', 'dokploy', 'services', 'images'] },
  },
  examples: [
    { command: 'peakstone compose > docker-compose.yml', does: 'For Dokploy, or any Docker host' },
    { command: 'peakstone compose --engine upstream', does: 'The stack of the reference’s own images' },
    { command: 'peakstone compose --print env > .env.example', does: 'Every variable, explained' },
  ],
  run: async (invocation, context) => {
    const stack = await import('@peakstone/stack');
    const resolved = stack.resolveStack({ ...(await stack.loadStackConfig(context.cwd)), ...chosen(invocation) });
    const print = {
      compose: () => stack.renderCompose(resolved),
      local: () => stack.renderOverride(resolved),
      caddy: () => stack.renderCaddy(resolved),
      swarm: () => stack.renderSwarm(resolved).stack,
      env: () => stack.renderEnvExample(resolved),
      dokploy: () => stack.renderDokploy(resolved, stack.stackVersion).template,
      services: () => stack.renderServiceTable(resolved),
      images: () => stack.renderImageTable(resolved),
    };
    context.stdout.write(print[(invocation.options.print ?? 'compose') as keyof typeof print]());
    return exitCodes.ok;
  },
};
