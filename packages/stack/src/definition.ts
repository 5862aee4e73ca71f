/**
 * What a service and a stack are, as data. `services/` is the table of the services that there are; the local run, Compose,
 * the Swarm file, the Dokploy template, `.env.example` and the docs' service table all come from it.
 */
/** Who serves: our own code, the reference's image, or a URL that the operator gives. */
export type Engine = 'peakstone' | 'upstream' | 'external';

export interface ServiceDefinition {
  /** Name in Compose, in logs and on the command line. */
  readonly name: string;
  readonly title: string;
  /** The contract it speaks, for the docs' table. */
  readonly contract: string;
  /** `job` runs once before the services that need it. */
  readonly kind: 'service' | 'job';
  /** Engines that can serve it today, best first. */
  readonly engines: readonly Engine[];
  /** Default local port; absent for jobs and agents. */
  readonly port?: number;
  /** What it listens on in its container, where that is another. */
  readonly containerPort?: number;
  /** What it speaks on its port. Default `http`. */
  readonly scheme?: 'postgres';
  /** Gateway path prefixes; empty when it is not public by path. */
  readonly paths: readonly string[];
  /** How the gateway hands on the requests of its paths. */
  readonly route?: RouteTraits;
  /** The `DOMAIN_*` variable that gives it a public host. */
  readonly domain?: string;
  /** The one that users open, in front of the others: it comes first, and starts when they are up. */
  readonly front?: true;
  /** The setting that names the server behind the reference's contract: it is given, and ours is not meant. */
  readonly serverSetting?: 'storage';
  /** The image of the reference, and the variable that names another. */
  readonly image?: PinnedImage;
  /** The image of our own making, where it is not the one that holds our services. */
  readonly ownImage?: PinnedImage;
  /** Services that come before it, where the stack has them: here until healthy; in containers see `awaited`; jobs until finished. */
  readonly needs: readonly string[];
  /** Others that come before it where the reference serves it. */
  readonly needsWhenUpstream?: readonly string[];
  /** Services without which it has no use: a stack that leaves them out must leave it out too. */
  readonly cannotLack?: readonly string[];
  /** What comes after it waits for its health in containers as well; of others they wait for the start alone. */
  readonly awaited?: true;
  /** Where it keeps state, so that Swarm pins it and upgrades keep its volume. */
  readonly stateful: boolean;
  /** It takes part on this machine alone: in containers another does its work. */
  readonly onlyHere?: true;
  /** One runs on each node of a Swarm. */
  readonly everyNode?: true;
  /** Secrets that stand in JSON in its container, where a quote would end them. */
  readonly secretsInJson?: readonly string[];
  /** Other host names it answers to inside the stack's network: those of the original stack. */
  readonly aliases: readonly string[];
  /** `service` label of its log lines; absent when its logs are not collected. */
  readonly logLabel?: string;
  /** What its container may use unless a configuration says otherwise. */
  readonly limits: Limits;
}

/** Plain data, since the gateway may run in another process. */
export interface RouteTraits {
  /** Whether the path's prefix is taken off before the service sees it. */
  readonly stripPrefix: boolean;
  /** Uploads are as large as they are: the gateway's own limit is for others. */
  readonly unlimitedBody?: true;
  /** The client's Host goes to it, since signatures cover it. */
  readonly keepHost?: true;
  /** Answers go out as the service gives them: stored objects, whose bytes and digests are the client's. */
  readonly compress?: false;
  /** The start page shows a first request to it. */
  readonly firstRequest?: true;
  /** Its pages act with its readers' rights: no other origin's scripts reach it, and it says itself what its pages may. */
  readonly trusted?: true;
}

/** What a container may use. 0: no limit. */
export interface Limits {
  /** Megabytes. A process that wants more is killed, and started again. */
  readonly memoryMb: number;
  /** Processors' worth of time; above it, it waits. */
  readonly cpus: number;
  /** Processes and threads. */
  readonly pids: number;
}

/** An image that rendered files name unless `variable` names another. Each tag is immutable by its publisher's practice. */
export interface PinnedImage {
  readonly variable: string;
  readonly pin: string;
}

/** One service in a user's configuration: an engine, a URL that makes it external, or `false` (`'off'`) to leave it out. */
export type ServiceChoice =
  | Engine
  | false
  | 'off'
  | { readonly engine: 'external'; readonly url: string }
  | { readonly engine: 'peakstone' | 'upstream' };

/** Whether a stack goes without the service. Pure. */
export function isLeftOut(choice: ServiceChoice | undefined): choice is false | 'off' {
  return choice === false || choice === 'off';
}

/** What `peakstone.config.ts` may say; everything has a default. */
export interface StackConfig {
  /** Prefix of host names inside the stack and of Traefik's router names. Letters, digits and hyphens. Default `peakstone`. */
  readonly name?: string;
  /** Engine for every service that `services` does not name; where it cannot serve, the first that can does. Default `peakstone`. */
  readonly engine?: 'peakstone' | 'upstream';
  readonly services?: Readonly<Record<string, ServiceChoice>>;
  /** Schemas that the APIs expose and the bootstrap owns. Default: those that the database has had so far; `public` in a new one. */
  readonly schemas?: readonly string[];
  /**
   * How far the database looks like Supabase's: not at all, by its roles for requests, or so that a Supabase project's SQL
   * runs. Default `full` in a folder that holds a folder `supabase`, else `roles`.
   */
  readonly supabase?: SupabaseMode;
  /** How hosts reach the services: Traefik labels, Dokploy's own domains, a Caddy container, or nothing. Default `dokploy`. */
  readonly routes?: Routes;
  /**
   * What containers may use, by service: `{ postgres: { memoryMb: 8192, cpus: 4 } }`. The database's buffers and the number of
   * connections to it follow its memory.
   */
  readonly limits?: Readonly<Record<string, Partial<Limits>>>;
  /**
   * Names of the original stack (`postgres`, `pgcat`, `minio` …) under which other apps on the proxy's network go on reaching
   * services. Nothing else of the stack answers there but what has a route. Default: none.
   */
  readonly sharedHosts?: readonly string[];
  /** Replicas under Swarm, by stateless service. Default 2. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** How Swarm spreads a service's connections: by a virtual address, or by DNS where the kernel has no IPVS. Default `vip`. */
  readonly endpointMode?: 'vip' | 'dnsrr';
  /** Server of the object storage in place of ours, whose data it keeps: `minio`, or `rustfs`. */
  readonly storage?: 'minio' | 'rustfs';
  /** Image of our own services. Default `ghcr.io/peakstone/peakstone:VERSION`. */
  readonly image?: string;
}

export type SupabaseMode = 'off' | 'roles' | 'full';

export type Routes = 'traefik' | 'dokploy' | 'caddy' | 'none';

/** A configuration with every choice made. */
export interface Stack {
  readonly name: string;
  /** What container host names begin with, so that they are nobody else's on a shared network: `NAME-`, or the app's own name. */
  readonly hostPrefix: string;
  /** Undefined: the bootstrap decides. */
  readonly schemas: readonly string[] | undefined;
  readonly supabase: SupabaseMode;
  readonly routes: Routes;
  readonly endpointMode: 'vip' | 'dnsrr';
  readonly storage: 'minio' | 'rustfs';
  readonly image: string;
  readonly replicas: Readonly<Record<string, number>>;
  readonly sharedHosts: readonly string[];
  /** In start order. */
  readonly services: readonly ResolvedService[];
}

export interface ResolvedService {
  readonly definition: ServiceDefinition;
  readonly engine: Engine;
  readonly limits: Limits;
  /** Only when `engine` is `external`. May hold `${VARIABLE}`. */
  readonly url?: string;
}

/** A configuration that cannot be met; the message names the setting and what it may be. */
export class StackConfigError extends Error {
  override readonly name = 'StackConfigError';
}

/** The version whose images the rendered files name. */
export const stackVersion = '0.1.0';

/**
 * Types a user's configuration: `export default defineConfig({ services: { graphql: 'upstream' } })`. Returns its argument.
 */
export function defineConfig(config: StackConfig): StackConfig {
  return config;
}

/** The service as resolved, or nothing when the stack leaves it out. */
export function findService(stack: Stack, name: string): ResolvedService | undefined {
  return stack.services.find(service => service.definition.name === name);
}
