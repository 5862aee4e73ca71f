/** How a service of ours runs on this machine: its part of the plan, its start, and what can be told of it when it is up. */
import type { Handler, Listener, UpgradeListener } from '@peakstone/kernel/http';
import type { Health, Running } from '@peakstone/kernel/service';
import type { RouteTraits } from '../definition.ts';
import type { Check } from '../project/check.ts';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';

export interface LocalRun {
  /** Nothing else can do without it, whoever serves it: an external one is prepared and waited for as well. */
  readonly essential?: true;
  /** The setting that puts somebody else's address in its place. Default `PEAKSTONE_UPSTREAM_NAME`. */
  readonly engineVariable?: string;
  /** Whether it takes part at all; default yes. Pure. */
  readonly wanted?: (env: EnvValues) => boolean;
  /** The setting that names its port, which is then meant exactly. */
  readonly portVariable?: string;
  /**
   * The address that it listens on, where its port shall be held while its process is another: who connects meanwhile waits.
   * Null where its settings have it listen elsewhere. Absent, its port comes and goes with it.
   */
  readonly listensAt?: (env: EnvValues, host: string) => string | null;
  /**
   * The process that it runs in: the supervisor's, for what has processes of its own; one that services share, which answer
   * from the database (`apis`) or move the bytes of files (`objects`); or its own.
   */
  readonly process: 'supervisor' | 'apis' | 'objects' | 'own';
  /** Of a process of its own. */
  readonly limits?: ProcessLimits;
  /** It starts itself again when it ends: the supervisor never does so for a look that found it ill. */
  readonly mendsItself?: true;
  /** Secrets that it holds while it runs: it is restarted when one of them is another. */
  readonly secrets: readonly string[];
  /** Loaded where the stack is planned. */
  readonly plan?: () => Promise<Planning>;
  /** URL of the module that starts it, a {@link Runner}; it is loaded in the process that the service runs in. */
  readonly run: string;
  /** Of an API: the schemas whose tables requests reach through it; null for those that the database says are served. Pure. */
  readonly serves?: (env: EnvValues) => readonly string[] | null;
  /** What waits for it in vain where the configuration leaves it out; null where nothing does. */
  readonly missed?: () => Promise<(facts: Facts) => Promise<string | null>>;
  /** What the doctor can tell of it while it is up. */
  readonly examine?: () => Promise<(stack: Examined) => Promise<Check[]>>;
}

/** What a process may take. */
export interface ProcessLimits {
  /** Of V8's heap; past it, Node ends the process. */
  readonly heapMb?: number;
  /** Of all its memory; past it, the supervisor ends the process. */
  readonly memoryMb?: number;
  /** From 0 to 19: how far it stands back when processors are wanted. */
  readonly niceness?: number;
}

/** A running stack that the doctor looks at. */
export interface Examined {
  /** Settings of the stack. */
  readonly env: EnvValues;
  readonly ports: Readonly<Record<string, number>>;
  /** What each API says that it serves. */
  readonly served: readonly (readonly string[] | null)[];
}

/** The names of a setting that lists schemas; null where it lists none. Pure. */
export function listSchemas(text: string | undefined): readonly string[] | null {
  const names = (text ?? '').split(',').flatMap(name => name.trim() || []);
  return names.length === 0 ? null : names;
}

/** What a start decides before anything runs, as far as only the service itself knows it. */
export interface Planning {
  /** Settings that it has on this machine unless the operator made them. */
  readonly settings?: (paths: StackPaths, env: EnvValues) => EnvValues;
  /** Wrong settings end the start before anything runs. @throws {ConfigError} naming the variable */
  readonly assertSettings?: (env: EnvValues) => void;
  /**
   * What comes before its start in a folder that is ours alone: it ends what a kill has broken off, and looks whether it may begin.
   * @returns what was done, and what people should know, in sentences @throws where it must not begin
   */
  readonly beforeStart?: (paths: StackPaths, env: EnvValues) => readonly string[];
  /** Where people reach it, without a password; null when it has no address. */
  readonly address?: (engine: RunEngine, port: number | null, env: EnvValues) => string | null;
  /** Where its administrator reaches it, likewise. */
  readonly adminAddress?: (engine: RunEngine, port: number | null, env: EnvValues) => string | null;
  /** The port that what a killed stack left running still has: its successor ends that, and gets the port. */
  readonly heldPort?: (paths: StackPaths, env: EnvValues) => number | null;
  /** What a killed stack left running, such as `PostgreSQL (process 4711, port 5432)`; null where nothing is. */
  readonly remains?: (paths: StackPaths, env: EnvValues) => string | null;
  /** Ends what a killed stack left running. */
  readonly freeRemains?: (paths: StackPaths, env: EnvValues, step: (text: string) => void) => Promise<void>;
  /** Where its data are, wherever that is. @throws where they are not ours to remove, or are in use */
  readonly dataPlaces?: (paths: StackPaths, env: EnvValues) => readonly string[];
  /** Removes them. @throws as `dataPlaces`, before anything is removed */
  readonly removeData?: (paths: StackPaths, env: EnvValues) => Promise<void>;
  /** Its data, where these lie outside of the stack's own folder; null when they do not. */
  readonly dataElsewhere?: (paths: StackPaths, env: EnvValues) => string | null;
  /** Folders that it fills on this machine, be they yet to be made. */
  readonly fills?: (paths: StackPaths, env: EnvValues) => readonly FilledPlace[];
  /** What the doctor can tell of its files, without touching them. */
  readonly examineFiles?: (paths: StackPaths, env: EnvValues) => Check[] | Promise<Check[]>;
}

/** Who serves one of the services that take part in the local run. */
export type RunEngine = { readonly kind: 'peakstone' } | { readonly kind: 'external'; readonly url: string };

export interface Runner {
  /** On failure or abort, releases whatever it took, then throws. */
  start(context: RunContext, signal: AbortSignal): Promise<RunningService>;
}

/** A folder on this machine that grows. */
export interface FilledPlace {
  /** With what, for people. */
  readonly what: string;
  readonly place: string;
}

/** What a service is told at its start. */
export interface RunContext {
  /** The settings as they are now: `.env` changes when secrets rotate. */
  readonly env: EnvValues;
  /** The address that the front listens on; everything else is for this machine alone. */
  readonly host: string;
  /** By service, of those that listen here. */
  readonly ports: Readonly<Record<string, number>>;
  /** Its own port, bound already. */
  readonly listener?: Listener | undefined;
  /** Who takes part, in the order of the table. */
  readonly peers: readonly Peer[];
  /** What the services that are up have told. */
  readonly facts: Facts;
  /** How a peer gets requests: by its handler, when it runs in this process, or else at its address. */
  reach(service: string): Reachable;
  /** Where its log goes: text, in whole lines. */
  readonly log: { write(text: string): void };
  health(service: string): Promise<Health>;
  /** Tells of what takes a while. */
  step(text: string): void;
  /** Tells that it ended unasked and starts itself again. */
  crashed(): void;
}

export type Reachable =
  | string
  | {
      /** Null while it restarts. */
      current(): Handler | null;
      /** Settles when it is back, or with null when it is not in time; null when it is not expected. */
      expected(): Promise<Handler | null> | null;
      /** Takes WebSocket handshakes for it, where it is here and takes any. */
      upgrade(): UpgradeListener | null;
    };

/** What a service may know of another that takes part: plain data, mostly of its row. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly contract: string;
  readonly paths: readonly string[];
  readonly route: RouteTraits | undefined;
  readonly domain: string | undefined;
  readonly scheme: 'http' | 'postgres';
  readonly front: boolean;
  readonly essential: boolean;
  readonly engine: RunEngine;
}

/** The one that users open, in front of the others. Pure. @throws {RangeError} there is none */
export function frontOf<Each extends { readonly front?: boolean }>(those: readonly Each[]): Each {
  const front = those.find(each => each.front);
  if (front === undefined) throw new RangeError('No service is in front of the others.');
  return front;
}

/** A service that is up, in whatever process: its starter, its process and the supervisor all speak of it so. */
export interface RunningService extends Running {
  /** Answers its requests in this process. */
  readonly handler?: Handler;
  /** Takes its WebSocket handshakes in this process. */
  readonly onUpgrade?: UpgradeListener;
  /** Of the process that does its work: now, since that may be another after a crash. */
  pid?(): number | undefined;
  /** Where it can end unasked: resolves with the reason when its process has ended, whoever wanted that. */
  readonly ended?: Promise<string>;
  /** In the supervisor's process: what those that start after it must know. Holds passwords: never logged. */
  facts?(): Facts;
  /** In the supervisor's process: takes over what has changed in the settings since its start and others log in with, before one of them starts. */
  adoptSecrets?(env: EnvValues, signal: AbortSignal): Promise<void>;
  /** Looks again at what it has read of others, and resolves when it serves what it found. */
  refresh?(): Promise<void>;
  /** In the supervisor's process: what the operator should know of this start, though it succeeded. */
  readonly notices?: readonly string[];
}

/** What services tell those that start after them; each fact comes from one service. */
export interface Facts {
  /** The administrator's. */
  readonly databaseAdminUrl?: string;
  /** The login of the APIs, which switches roles. */
  readonly databaseApiUrl?: string;
  /** The same as GraphQL's login. */
  readonly databaseGraphqlUrl?: string;
  /** Over TCP, for programs of the user's own. */
  readonly databaseMigratorUrl?: string;
  /** The login of backups, which reads files and WAL alone; absent where the server is somebody else's. */
  readonly databaseBackupUrl?: string;
  /** The logins of operators in the console. */
  readonly databaseViewerUrl?: string;
  readonly databaseEditorUrl?: string;
  /** Separated by commas. */
  readonly schemas?: string;
}
