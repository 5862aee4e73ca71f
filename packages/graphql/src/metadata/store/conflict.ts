import { HasuraError } from '../../errors.ts';

/** What is told to who changes metadata that has been changed since he read it. */
export function conflict(version: number): HasuraError {
  return new HasuraError(
    'conflict',
    `metadata resource version referenced (${version}) did not match current version`,
  );
}
