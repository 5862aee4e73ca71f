/** What a service is: one row of the table in `index.ts`, made of what its folder holds. */
import type { ContainerSpec } from '../container/spec.ts';
import type { ResolvedService, ServiceDefinition, Stack } from '../definition.ts';
import type { Variable } from '../variable.ts';
import type { LocalRun } from './local.ts';

export interface Service extends ServiceDefinition {
  /** The variables of `.env` that are its own. */
  readonly variables: readonly Variable[];
  /** Names of the variables, its own or another's, without which it cannot start. */
  readonly requires: readonly string[];
  /** Its container, whoever of ours or the reference serves it; absent where it takes part here alone. Pure. */
  readonly container?: (stack: Stack, service: ResolvedService) => ContainerSpec;
  /**
   * What its container runs, beside whatever is deployed already, to try whether it could do its work: exit code 4 says that it
   * could not, and then nothing is stopped.
   */
  readonly rehearsal?: readonly string[];
  /** How it runs on this machine; absent where only others can serve it. */
  readonly local?: LocalRun;
}
