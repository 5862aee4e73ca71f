/** Whether a bucket's policy lets anybody in. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status */
import type { Policy } from './types.ts';

/** Conditions that hold a statement to known callers or places. */
const narrowing = new Set([
  'aws:sourceip',
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceaccount',
  'aws:principalorgid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:userid',
  's3:dataaccesspointarn',
  's3:dataaccesspointaccount',
]);

export function isPublic({ statements }: Policy): boolean {
  return statements.some(
    ({ effect, principals, conditions }) =>
      effect === 'Allow' &&
      principals !== undefined &&
      (principals.everyone || principals.negated) &&
      !conditions.some(
        ({ key, values }) =>
          narrowing.has(key) &&
          !values.some(value => value === '*' || value === '0.0.0.0/0' || value === '::/0'),
      ),
  );
}
