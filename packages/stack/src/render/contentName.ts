import { createHash } from 'node:crypto';
import type { ConfigFile } from '../container/spec.ts';

/**
 * A name that changes with the text: a container takes a changed file only when it is told of another one, and in a Swarm a config
 * cannot change at all. Values that the text interpolates are in the container's environment as well, which does the same for them.
 */
export function contentName({ name, content }: Pick<ConfigFile, 'name' | 'content'>): string {
  return `${name}_${createHash('sha256').update(content).digest('hex').slice(0, 10)}`;
}
