import { fstatSync } from 'node:fs';
import type { Context } from '../grammar/command.ts';

/**
 * Whether both streams lead to the same reader, as on a terminal or by `2>&1`: what each of them says for readers of its own
 * would be there twice.
 */
export function leadToOnePlace({ stdout, stderr }: Pick<Context, 'stdout' | 'stderr'>): boolean {
  const [one, other] = [placeOf(stdout), placeOf(stderr)];
  return one !== null && one === other;
}

function placeOf(stream: NodeJS.WritableStream): string | null {
  const { fd } = stream as { readonly fd?: unknown };
  if (typeof fd !== 'number') return null;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev} ${ino}`;
}
