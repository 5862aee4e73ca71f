/**
 * A stand-in for Dokploy's API: the procedures a deployment calls, with the shapes its validation accepts and returns.
 * What it deploys, it checks: the file must parse and every domain must belong to one of its services, as Dokploy insists.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';

type Fields = Record<string, unknown>;

export interface StandIn {
  readonly url: string;
  readonly apiKey: string;
  /** `procedure` of every call, in order. */
  readonly calls: string[];
  readonly composes: Map<string, Fields>;
  readonly domains: Fields[];
  /** Makes the next deployment fail with this as the last line of its log. */
  failNext(message: string): void;
  close(): Promise<void>;
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function startDokploy(): Promise<StandIn> {
  const apiKey = randomUUID();
  const calls: string[] = [];
  const composes = new Map<string, Fields>();
  const domains: Fields[] = [];
  const projects: {
    projectId: string;
    name: string;
    environments: { environmentId: string; name: string; compose: Fields[] }[];
  }[] = [];
  const deployments: Fields[] = [];
  const logs = new Map<string, string>();
  let failure: string | undefined;

  const text = (input: Fields, name: string, least = 1): string => {
    const value = input[name];
    if (typeof value !== 'string' || value.length < least)
      throw new Refused(400, `Input validation failed: ${name}`);
    return value;
  };
  const compose = (input: Fields): Fields =>
    composes.get(text(input, 'composeId')) ?? refuse(404, 'Compose not found');

  const queries: Record<string, (input: Fields) => unknown> = {
    'project.all': () => projects,
    'compose.one': input => ({
      ...compose(input),
      deployments,
      mounts: [],
      domains: domains.filter(domain => domain.composeId === input.composeId),
    }),
    'domain.byComposeId': input => domains.filter(domain => domain.composeId === compose(input).composeId),
    'deployment.allByCompose': input => {
      const own = deployments.filter(deployment => deployment.composeId === compose(input).composeId);
      // One look later it is over.
      for (const deployment of own) deployment.looks = Number(deployment.looks) + 1;
      return own
        .map(({ looks, outcome, ...deployment }) => ({
          ...deployment,
          status: Number(looks) > 2 ? outcome : 'running',
        }))
        .reverse();
    },
    'deployment.readLogs': input => logs.get(text(input, 'deploymentId')) ?? '',
  };
  const mutations: Record<string, (input: Fields) => unknown> = {
    'project.create': input => {
      const environment = { environmentId: randomUUID(), name: 'production', compose: [] };
      const project = { projectId: randomUUID(), name: text(input, 'name'), environments: [environment] };
      projects.push(project);
      return { project, environment };
    },
    'compose.create': input => {
      const environment = projects
        .flatMap(project => project.environments)
        .find(candidate => candidate.environmentId === text(input, 'environmentId'));
      if (!environment) throw new Refused(404, 'Environment not found');
      text(input, 'description', 0);
      const appName = `${text(input, 'appName')}-${randomUUID().slice(0, 6)}`;
      if (!/^[a-zA-Z0-9._-]{1,63}$/.test(appName)) throw new Refused(400, 'Input validation failed: appName');
      const made = {
        composeId: randomUUID(),
        name: text(input, 'name'),
        appName,
        composeFile: '',
        env: null,
        sourceType: 'github',
        composeType: 'docker-compose',
        ...pick(input, ['composeFile', 'sourceType', 'composeType']),
      };
      composes.set(made.composeId, made);
      environment.compose.push({ composeId: made.composeId, name: made.name, composeStatus: 'idle' });
      return made;
    },
    'compose.update': input => {
      if (
        input.sourceType !== undefined &&
        !['git', 'github', 'gitlab', 'bitbucket', 'gitea', 'raw'].includes(String(input.sourceType))
      )
        throw new Refused(400, 'Input validation failed: sourceType');
      return Object.assign(compose(input), pick(input, ['composeFile', 'sourceType', 'composeType']));
    },
    'compose.saveEnvironment': input => {
      Object.assign(compose(input), { env: text(input, 'env', 0) });
      return true;
    },
    'domain.create': input => {
      const domain = {
        domainId: randomUUID(),
        ...checkedDomain(input),
        composeId: compose(input).composeId,
        enabled: true,
      };
      domains.push(domain);
      return domain;
    },
    'domain.update': input => {
      const domain = domains.find(candidate => candidate.domainId === text(input, 'domainId'));
      if (!domain) throw new Refused(404, 'Domain not found');
      return Object.assign(domain, checkedDomain(input));
    },
    'compose.deploy': input => {
      const deployed = compose(input);
      const deploymentId = randomUUID();
      let outcome = 'done';
      const file = parse(String(deployed.composeFile)) as { services: Record<string, unknown> };
      for (const domain of domains.filter(candidate => candidate.composeId === deployed.composeId)) {
        if (!(String(domain.serviceName) in file.services))
          failure = `Domain "${domain.host}" is attached to service "${domain.serviceName}" which does not exist in the compose`;
      }
      if (failure !== undefined) {
        outcome = 'error';
        logs.set(deploymentId, `Deploying\n${failure}\n`);
        failure = undefined;
      }
      deployments.push({
        deploymentId,
        composeId: deployed.composeId,
        title: input.title ?? 'Manual deployment',
        createdAt: new Date().toISOString(),
        errorMessage: null,
        looks: 0,
        outcome,
      });
      return { success: true, message: 'Deployment queued', composeId: deployed.composeId };
    },
  };

  function checkedDomain(input: Fields): Fields {
    const host = text(input, 'host');
    if (!/^[a-z0-9.-]+$/i.test(host)) throw new Refused(400, 'Input validation failed: host');
    if (!Number.isInteger(input.port)) throw new Refused(400, 'Input validation failed: port');
    if (!['letsencrypt', 'none', 'custom'].includes(String(input.certificateType)))
      throw new Refused(400, 'Input validation failed: certificateType');
    text(input, 'customCertResolver', 0);
    return pick(input, [
      'host',
      'port',
      'https',
      'certificateType',
      'serviceName',
      'path',
      'customCertResolver',
    ]);
  }

  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers['x-api-key'] !== apiKey) return void answer(401, { message: 'Unauthorized' });
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://dokploy');
    const procedure = pathname.replace(/^\/api\//, '');
    calls.push(procedure);
    const handler = request.method === 'GET' ? queries[procedure] : mutations[procedure];
    if (!handler) return void answer(404, { message: 'Not found', code: 'NOT_FOUND' });
    try {
      answer(
        200,
        handler(
          request.method === 'GET'
            ? Object.fromEntries(searchParams)
            : ((JSON.parse(await read(request)) ?? {}) as Fields),
        ),
      );
    } catch (error) {
      answer(error instanceof Refused ? error.status : 500, {
        message: (error as Error).message,
        code: 'BAD_REQUEST',
      });
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey,
    calls,
    composes,
    domains,
    failNext: message => {
      failure = message;
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(status: number, message: string): never {
  throw new Refused(status, message);
}

function pick(input: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.filter(name => input[name] !== undefined).map(name => [name, input[name]]));
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
