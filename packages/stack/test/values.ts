/** An environment as `peakstone secrets` would make it, for tests. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { Project } from '../src/deploy/index.ts';
import { resolveStack } from '../src/resolve.ts';
import { variables } from '../src/variables.ts';

export function freshValues(
  overrides: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const variable of variables) {
    if (variable.generate)
      values[variable.name] = randomBytes(variable.generate.bytes).toString(
        variable.generate.kind === 'hex' ? 'hex' : 'base64url',
      );
    else if (variable.value !== undefined && !variable.optional) values[variable.name] = variable.value;
  }
  for (const [name, value] of Object.entries(overrides)) {
    if (value === undefined) delete values[name];
    else values[name] = value;
  }
  return values;
}

export function envText(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The default stack with such an environment, without reading anything. */
export function makeProject(
  overrides: Readonly<Record<string, string | undefined>> = {},
  folder = tmpdir(),
): Project {
  const values = freshValues(overrides);
  return { folder, stack: resolveStack(), values, envText: envText(values) };
}
