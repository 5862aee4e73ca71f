/** Docker's and Compose's error texts as one line that says what to do. Pure. */
import { DeployError } from './errors.ts';

interface Known {
  readonly pattern: RegExp;
  readonly message: (match: RegExpExecArray) => string;
  readonly hint: (match: RegExpExecArray) => string;
}

const known: readonly Known[] = [
  {
    pattern:
      /unknown command: docker compose|'compose' is not a docker command|unknown shorthand flag: 'f' in -f|unknown flag: --project-/,
    message: () => 'Docker has no compose plugin here',
    hint: () => 'install it (apt install docker-compose-plugin): https://docs.docker.com/compose/install/',
  },
  {
    pattern: /required variable (\w+) is missing a value(?:: (.*))?/,
    message: ([, name]) => `${name} has no value`,
    hint: ([, name, advice]) => advice?.trim() || `set ${name} in .env, or run: peakstone deploy env`,
  },
  {
    // `docker stack deploy` words it differently.
    pattern:
      /required variable (\w+) is missing|invalid interpolation format .*?(\w+) is (?:not set|missing)/,
    message: ([, name, other]) => `${name ?? other} has no value`,
    hint: ([, name, other]) => `set ${name ?? other} in .env, or run: peakstone deploy env`,
  },
  {
    pattern:
      /network ([\w.-]+) declared as external, but could not be found|network "?([\w.-]+)"? is declared as external, but (?:could not be found|it is not in the right scope)[^\n]*/,
    message: ([, name, other]) => `the network ${name ?? other} does not exist`,
    hint: ([, name, other]) =>
      `create it (docker network create ${name ?? other}), or set PROXY_NETWORK to the network that Traefik is on`,
  },
  {
    pattern:
      /(?:Bind for|listen tcp4?|bind on address) ([\d.:[\]]+?):(\d+)?.*?(?:port is already allocated|address already in use)|driver failed programming external connectivity[^\n]*?([\d.]+):(\d+)[^\n]*/,
    message: ([, host, port, otherHost, otherPort]) =>
      `port ${port ?? otherPort ?? host} on ${host && port ? host : (otherHost ?? 'this machine')} is taken`,
    hint: () =>
      'stop what listens there, or change the port in docker-compose.local.yml (for PostgreSQL: POSTGRES_PORT)',
  },
  {
    pattern:
      /manifest for (\S+) not found|pull access denied for ([^\s,]+)|failed to resolve reference "([^"]+)": [^\n]*not found/,
    message: ([, absent, denied, other]) =>
      `the image ${absent ?? denied ?? other} is not in its registry, or is private`,
    hint: () => 'check the *_IMAGE variable in .env; for a private image: docker login REGISTRY',
  },
  {
    pattern:
      /(?:Get|Head) "?https?:\/\/([^/"\s]+)[^\n]*?(?:no such host|i\/o timeout|connection refused|context deadline exceeded|request canceled|server misbehaving|TLS handshake timeout|network is unreachable|certificate)[^\n]*/,
    message: ([, host]) => `the registry ${host} cannot be reached`,
    hint: () => 'check this machine’s network and DNS; images that are already here are used with: --no-pull',
  },
  {
    pattern:
      /Cannot connect to the Docker daemon[^\n]*|(?:permission denied|dial unix)[^\n]*docker\.sock[^\n]*/,
    message: () => 'Docker does not answer',
    hint: () => 'start it (systemctl start docker), or run this as a user of the group docker',
  },
  {
    pattern: /This node is not a swarm manager[^\n]*/,
    message: () => 'this Docker engine is no Swarm manager',
    hint: () => 'make it one: docker swarm init',
  },
  {
    pattern:
      /dependency failed to start: container (\S+) (?:is unhealthy|exited \((\d+)\))|container (\S+) is unhealthy|service "([\w-]+)" didn't complete successfully: exit (\d+)/,
    message: ([, container, , other, job]) => `${container ?? other ?? job} did not become healthy`,
    hint: ([, container, , other, job]) =>
      `see why: docker ${job === undefined ? `logs ${container ?? other}` : `compose logs ${job}`}`,
  },
  {
    pattern: /no space left on device[^\n]*/,
    message: () => 'the disk is full',
    hint: () => 'free some space: docker system df shows what Docker holds',
  },
];

/** The error for what a docker command wrote to standard error. */
export function explainDocker(stderr: string, what: string): DeployError {
  for (const { pattern, message, hint } of known) {
    const match = pattern.exec(stderr);
    if (match) return new DeployError(message(match), { hint: hint(match) });
  }
  const last = stderr
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '')
    .at(-1);
  return new DeployError(`${what} failed: ${last ?? 'it said nothing'}`, {
    hint: 'run it with --verbose to see everything Docker says',
  });
}

/** The error for a program that could not be started. */
export function explainSpawn(error: unknown, program: string): DeployError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new DeployError(`${program} is not installed`, {
      hint: 'install Docker Engine with its compose plugin: https://docs.docker.com/engine/install/',
      cause: error,
    });
  }
  return new DeployError(`${program} could not be run: ${(error as Error).message}`, { cause: error });
}
