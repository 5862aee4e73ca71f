import type { Limits } from '../definition.ts';

/**
 * A container as every orchestrator understands it. Services become these first; Compose, the Swarm file and the override file
 * are printed from them.
 *
 * Strings are in Compose's interpolation syntax: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, and `$$` for a dollar sign.
 */
export interface ContainerSpec {
  /** Service name in the file. */
  readonly name: string;
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files?: readonly ConfigFile[];
  readonly volumes?: readonly Mount[];
  /** Folders in memory. With `readOnly` the only writable ones besides volumes. */
  readonly tmpfs?: readonly string[];
  readonly health?: Health;
  /** Size of /dev/shm when Docker's 64 MB are too few. */
  readonly sharedMemoryMb?: number;
  readonly limits: Limits;
  readonly after: readonly After[];
  /** Ports it listens on that a person may want locally. The first one is the service's own. */
  readonly ports: readonly Port[];
  readonly routes: readonly Route[];
  /** Host names inside the stack's own network. */
  readonly aliases: readonly string[];
  /** Host names on the proxy's network, for other apps. */
  readonly sharedAliases: readonly string[];
  /** Label `service` of its log lines; absent: not collected. */
  readonly logLabel?: string;
  /** Root file system read-only, no added privileges. */
  readonly hardened: boolean;
  /** Kernel capabilities kept when hardened; all others are dropped. */
  readonly capabilities?: readonly string[];
  readonly user?: string;
  readonly job: boolean;
  readonly stateful: boolean;
  /** One runs on each node of a Swarm. */
  readonly everyNode?: true;
  /** Seconds between the stop signal and the kill. */
  readonly stopGraceS?: number;
}

/** A file inside the container, readable by all, whose text travels in the rendered file. */
export interface ConfigFile {
  /** Unique in the stack: letters, digits, underscores. */
  readonly name: string;
  readonly target: string;
  readonly content: string;
}

export interface Mount {
  /** A volume's name, an absolute path, or `${VARIABLE:-volume}`. */
  readonly source: string;
  /** The volume to declare when `source` names one, possibly by default. */
  readonly volume?: string;
  readonly target: string;
  readonly readOnly?: boolean;
}

export interface Health {
  readonly test: readonly string[];
  readonly intervalS: number;
  readonly timeoutS: number;
  readonly retries: number;
  readonly startPeriodS: number;
}

export interface After {
  readonly service: string;
  readonly condition: 'service_healthy' | 'service_completed_successfully' | 'service_started';
}

export interface Port {
  readonly container: number;
  /** What the override file publishes it on: `${VARIABLE:-127.0.0.1:3000}`. */
  readonly local: string;
}

export interface Route {
  /** Unique in the stack; the router's name after the stack's. */
  readonly name: string;
  /** Variable that holds the host. */
  readonly domain: string;
  readonly port: number;
}

/** Text without interpolation, for a place where `$` begins some. */
export function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
