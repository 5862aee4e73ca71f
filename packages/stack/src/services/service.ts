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
  /** Its container, whoever of ours or the reference serves it. Pure. */
  readonly container: (stack: Stack, service: ResolvedService) => ContainerSpec;
  /** What is wrong with an `.env` that is to be deployed, as far as this service can tell. Pure. */
  readonly checks?: (stack: Stack, values: Values) => Finding[];
  /** How it runs on this machine; absent where only others can serve it. */
  readonly local?: LocalRun;
}

export type Values = Readonly<Record<string, string | undefined>>;

/** Something wrong with an `.env`. Never holds a secret's value. */
export interface Finding {
  /** `error`: the deployment will not work, or is unsafe. `warning`: it will, but look. */
  readonly level: 'error' | 'warning';
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}
