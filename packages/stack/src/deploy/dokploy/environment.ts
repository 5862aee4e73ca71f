/**
 * What a deployment does to the environment that Dokploy holds. Variables set in its pages stay, whoever set them; where both
 * sides name a variable and differ, somebody has to say which holds. Pure.
 */
import { quoteEnvValue, updateEnvFile } from '@peakstone/kernel/config';
import { readStored, storeValue } from './storedEnv.ts';

/** Which side holds where both have a value: `.env` here, or what is in Dokploy. */
export type Side = 'here' | 'dokploy';

export interface Difference {
  readonly name: string;
  readonly here: string;
  readonly dokploy: string;
}

export interface EnvironmentPlan {
  /** Names that Dokploy lacks. */
  readonly added: readonly string[];
  readonly differences: readonly Difference[];
  /** Names that only Dokploy has. */
  readonly kept: readonly string[];
}

/** Compares Dokploy's environment, as text, with the variables that shall be there. */
export function planEnvironment(remote: string, wanted: Readonly<Record<string, string>>): EnvironmentPlan {
  const there = readStored(remote);
  const names = Object.keys(wanted);
  return {
    added: names.filter(name => !there[name]),
    differences: names.flatMap(name => {
      const [here, dokploy] = [wanted[name]!, there[name]];
      return dokploy && dokploy !== here ? [{ name, here, dokploy }] : [];
    }),
    kept: Object.keys(there).filter(name => !(name in wanted)),
  };
}

/** Dokploy's text with what the plan adds and, where `.env` here holds, changes; every other byte as it was. */
export function applyPlan(
  remote: string,
  wanted: Readonly<Record<string, string>>,
  { added, differences }: EnvironmentPlan,
  holds: Side,
): string {
  const names = [...added, ...(holds === 'here' ? differences.map(({ name }) => name) : [])];
  return updateEnvFile(remote, Object.fromEntries(names.map(name => [name, wanted[name]!])), storeValue);
}

/** Both sides of a difference in one line; of a secret only how long each is. */
export function describeDifference({ name, here, dokploy }: Difference, secret: boolean): string {
  const show = (value: string) => (secret ? `a secret of ${value.length} characters` : quoteEnvValue(value));
  return `${name}: Dokploy has ${show(dokploy)}, .env here ${show(here)}`;
}
