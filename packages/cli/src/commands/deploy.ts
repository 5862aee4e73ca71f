import type { DeployEvent, Side } from '@peakstone/stack/deploy';
import type { Command, Context, Invocation } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { styleFor } from '../output/style.ts';
import { projectOf } from '../stack.ts';
import { chosen, stackChoices } from './compose.ts';

const verbose = { verbose: { kind: 'flag', summary: 'Show everything that Docker says' } } as const;
const pull = { 'no-pull': { kind: 'flag', summary: 'Use the images that are here' } } as const;

const composeDeploy: Command = {
  name: 'compose',
  summary: 'write docker-compose.yml after showing what changes, and start it',
  description:
    'Checks .env, renders, shows the difference to the files that are there, lets Docker validate them, and writes. With --up, starts and waits until everything is healthy.',
  options: {
    ...stackChoices,
    'dry-run': { kind: 'flag', summary: 'Show the difference and validate; write nothing' },
    up: { kind: 'flag', summary: 'Start it, and wait until it is healthy' },
    local: { kind: 'flag', summary: 'Publish the services’ ports on this machine (127.0.0.1)' },
    project: { kind: 'text', value: 'NAME', summary: 'Compose’s project name (default: the folder’s)' },
    ...pull,
    ...verbose,
  },
  examples: [
    { command: 'peakstone deploy compose --dry-run', does: 'What would change' },
    {
      command: 'peakstone deploy compose --routes caddy --up',
      does: 'On a host of your own, with certificates',
    },
  ],
  run: async (invocation, context) => {
    const { deployCompose, loadProject } = await import('@peakstone/stack/deploy');
    const { options } = invocation;
    await deployCompose({
      project: await loadProject(await projectOf(context), context.env, chosen(invocation)),
      ...(typeof options.project === 'string' ? { projectName: options.project } : {}),
      write: options['dry-run'] === undefined,
      up: options.up === true && options['dry-run'] === undefined,
      local: options.local === true,
      pull: options['no-pull'] === undefined,
      onEvent: printEvent(invocation, context),
    });
    return exitCodes.ok;
  },
};

const dokployDeploy: Command = {
  name: 'dokploy',
  summary: 'create or update the stack on a Dokploy server, by its API',
  description:
    'Reads DOKPLOY_URL and DOKPLOY_API_KEY. Sends the Compose file, the variables of .env, and a domain with a certificate for every DOMAIN_* that is set; then deploys and waits. Variables that only Dokploy has stay. Where both have one and differ, both sides are shown (of secrets the length), and you are asked.',
  options: {
    ...stackChoices,
    'dry-run': { kind: 'flag', summary: 'Show what would change; change nothing' },
    project: {
      kind: 'text',
      value: 'NAME',
      summary: 'Project in Dokploy (default: the stack’s name); made when missing',
    },
    environment: {
      kind: 'text',
      value: 'NAME',
      summary: 'Environment inside the project (default production)',
    },
    server: { kind: 'text', value: 'ID', summary: 'Remote server; default the one Dokploy runs on' },
    yes: { kind: 'flag', summary: 'Where .env and Dokploy differ, .env holds; do not ask' },
    keep: { kind: 'flag', summary: 'Where .env and Dokploy differ, Dokploy’s value holds; do not ask' },
  },
  examples: [
    {
      command: 'DOKPLOY_URL=https://dokploy.example.com DOKPLOY_API_KEY=… peakstone deploy dokploy',
      does: 'From your machine or from CI',
    },
  ],
  run: async (invocation, context) => {
    const { deployDokploy, loadProject } = await import('@peakstone/stack/deploy');
    const { options } = invocation;
    if (options.yes && options.keep)
      throw new UsageError('--yes and --keep contradict each other.', 'Give one: whose values shall hold?');
    const { DOKPLOY_URL: url, DOKPLOY_API_KEY: apiKey } = context.env;
    if (!url)
      throw new UsageError(
        'DOKPLOY_URL is not set.',
        'Set it to your server’s origin, such as https://dokploy.example.com',
      );
    if (!apiKey)
      throw new UsageError('DOKPLOY_API_KEY is not set.', 'Make a key under Settings → Profile in Dokploy');
    const result = await deployDokploy({
      project: await loadProject(await projectOf(context), context.env, chosen(invocation)),
      url,
      apiKey,
      dryRun: options['dry-run'] === true,
      choose: differences => chooseSide(differences, invocation, context),
      ...(typeof options.project === 'string' ? { projectName: options.project } : {}),
      ...(typeof options.environment === 'string' ? { environmentName: options.environment } : {}),
      ...(typeof options.server === 'string' ? { serverId: options.server } : {}),
      onEvent: printEvent(invocation, context),
    });
    for (const host of result?.hosts ?? []) context.stdout.write(`https://${host}\n`);
    return exitCodes.ok;
  },
};

const rollback: Command = {
  name: 'rollback',
  summary: 'put a Swarm service back to what ran before its last update',
  arguments: [{ name: 'SERVICE', summary: 'rest, gateway …' }],
  options: { stack: { kind: 'text', value: 'NAME', summary: 'The stack’s name in Swarm' }, ...verbose },
  run: async (invocation, context) => {
    const { loadProject, rollbackSwarm } = await import('@peakstone/stack/deploy');
    const { stack } = invocation.options;
    const [service = ''] = invocation.arguments;
    await rollbackSwarm(
      {
        project: await loadProject(await projectOf(context), context.env),
        ...(typeof stack === 'string' ? { stackName: stack } : {}),
        onEvent: printEvent(invocation, context),
      },
      service,
    );
    return exitCodes.ok;
  },
};

const swarmDeploy: Command = {
  name: 'swarm',
  summary: 'deploy to Docker Swarm: replicas, rolling updates, rollback by itself',
  description:
    'Writes .peakstone/swarm/stack.yml and its configs, deploys them with the variables of .env, and waits until every service has its replicas. Stateful services run on nodes with the label peakstone.data=true.',
  options: {
    ...stackChoices,
    'dry-run': { kind: 'flag', summary: 'Show the difference and what is in the way; change nothing' },
    stack: { kind: 'text', value: 'NAME', summary: 'The stack’s name in Swarm' },
    ...pull,
    ...verbose,
  },
  commands: [rollback],
  examples: [
    {
      command: 'docker node update --label-add peakstone.data=true $(hostname)',
      does: 'Once: where the data lives',
    },
    { command: 'peakstone deploy swarm --dry-run', does: 'What would change' },
    { command: 'peakstone deploy swarm', does: 'First deployment, and each update' },
    { command: 'peakstone deploy swarm rollback rest', does: 'Back to the version before' },
  ],
  run: async (invocation, context) => {
    const { deploySwarm, loadProject } = await import('@peakstone/stack/deploy');
    const { options } = invocation;
    await deploySwarm({
      project: await loadProject(await projectOf(context), context.env, chosen(invocation)),
      ...(typeof options.stack === 'string' ? { stackName: options.stack } : {}),
      pull: options['no-pull'] === undefined,
      dryRun: options['dry-run'] === true,
      onEvent: printEvent(invocation, context),
    });
    return exitCodes.ok;
  },
};

const envDeploy: Command = {
  name: 'env',
  summary: 'make .env with every secret, or add what it lacks',
  description:
    'Readable by you only. What is there stays. Values are not printed: open the file, or see peakstone secrets.',
  examples: [
    { command: 'peakstone deploy env && peakstone doctor --deploy', does: 'Before the first deployment' },
  ],
  run: async (_invocation, context) => {
    const { completeEnvironment } = await import('@peakstone/stack/deploy');
    const added = completeEnvironment(await projectOf(context));
    context.stderr.write(
      added.length === 0 ? '.env has everything already.\n' : `Added to .env: ${added.join(', ')}\n`,
    );
    return exitCodes.ok;
  },
};

export const deploy: Command = {
  name: 'deploy',
  summary: 'deploy the stack: with Compose here, to Dokploy, or to Swarm',
  commands: [envDeploy, composeDeploy, dokployDeploy, swarmDeploy],
  examples: [
    {
      command: 'peakstone deploy compose --dry-run',
      does: 'What would be deployed here, and how it differs',
    },
  ],
};

/** Who holds where Dokploy and `.env` differ: as an option says, or as a person at a terminal does. */
async function chooseSide(
  differences: number,
  { options }: Invocation,
  { stdin, stderr }: Context,
): Promise<Side> {
  if (options.yes) return 'here';
  if (options.keep) return 'dokploy';
  const what = differences === 1 ? 'One variable differs' : `${differences} variables differ`;
  if (!stdin.isTTY || !stderr.isTTY)
    throw new CliError(`${what} between .env and Dokploy; nothing was changed.`, {
      hint: 'Run it again with --yes (.env holds) or --keep (Dokploy’s values hold)',
    });
  const { ask } = await import('../output/confirm.ts');
  switch (
    await ask(`${what}. Which shall hold: [e]nv, [d]okploy, or [n]othing changes? `, { stdin, stderr })
  ) {
    case 'e':
    case 'env':
      return 'here';
    case 'd':
    case 'dokploy':
      return 'dokploy';
    case undefined:
      throw new CliError('Nothing was changed.', { exitCode: exitCodes.interrupted });
    default:
      throw new CliError('Nothing was changed.');
  }
}

function printEvent({ options }: Invocation, { stderr, stdout, env }: Context): (event: DeployEvent) => void {
  const style = styleFor(stderr, env);
  return event => {
    switch (event.kind) {
      case 'step':
        stderr.write(`· ${event.text}\n`);
        break;
      case 'diff':
        if (event.text !== '') stdout.write(event.text);
        else stderr.write(`· ${event.path} is up to date\n`);
        break;
      case 'warning':
        stderr.write(`${style.warning('!')} ${event.text} (${event.hint})\n`);
        break;
      case 'output':
        if (options.verbose) stderr.write(`${style.dim(event.text)}\n`);
        break;
    }
  };
}
