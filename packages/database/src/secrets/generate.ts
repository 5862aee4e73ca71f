import { randomBytes } from 'node:crypto';
import type { Generate } from './variable.ts';

/** A new secret of that kind. */
export function generateSecret({ kind, bytes }: Generate): string {
  return randomBytes(bytes).toString(kind === 'hex' ? 'hex' : 'base64url');
}
