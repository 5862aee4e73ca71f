/**
 * The one stack definition: which services there are, by what names, ports, paths and variables they are known.
 * The local run, Compose, the Swarm file, the Dokploy template, `.env.example` and the docs' service table all come from it.
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
  /** Default local port; absent for jobs. */
  readonly port?: number;
  /** Gateway path prefixes; empty when it is not public by path. */
  readonly paths: readonly string[];
  /** The `DOMAIN_*` variable that gives it a public host. */
  readonly domain?: string;
  /** Variable that overrides the upstream image. */
  readonly imageVariable?: string;
  /** Services that must be healthy (jobs: finished) before it starts. */
  readonly needs: readonly string[];
  /** Where it keeps state, so that Swarm pins it and upgrades keep its volume. */
  readonly stateful: boolean;
}
