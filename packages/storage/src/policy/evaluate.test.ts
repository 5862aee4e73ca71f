import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate, type Verdict } from './evaluate.ts';
import { parsePolicy } from './parse.ts';

function ask(
  statements: readonly object[],
  action: string,
  resource: string,
  values: Readonly<Record<string, string>> = {},
): Verdict {
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'identity');
  const known = new Map(Object.entries(values).map(([key, value]): [string, string[]] => [key, [value]]));
  return evaluate(policy, { action, resource: `arn:aws:s3:::${resource}`, values: known });
}

const allow = (more: object = {}) => ({
  Effect: 'Allow',
  Action: 's3:*',
  Resource: 'arn:aws:s3:::*',
  ...more,
});

describe('a policy', () => {
  it('denies whatever else allows it', () => {
    const deny = { Effect: 'Deny', Action: 's3:Delete*', Resource: 'arn:aws:s3:::b/*' };
    assert.equal(ask([allow(), deny], 's3:DeleteObject', 'b/k'), 'deny');
    assert.equal(ask([deny, allow()], 's3:GetObject', 'b/k'), 'allow');
  });

  it('says nothing of what it does not name', () => {
    assert.equal(ask([allow({ Resource: 'arn:aws:s3:::b/*' })], 's3:ListBucket', 'b'), 'none');
    assert.equal(ask([allow({ Action: 's3:GetObject' })], 's3:GetObjectAcl', 'b/k'), 'none');
  });

  it('takes a variable for its text: neither a prefix of it nor a pattern', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: policies write it so.
    const home = [allow({ Resource: 'arn:aws:s3:::b/${aws:username}/*' })];
    assert.equal(ask(home, 's3:GetObject', 'b/ann/k', { 'aws:username': 'ann' }), 'allow');
    assert.equal(ask(home, 's3:GetObject', 'b/anna/k', { 'aws:username': 'ann' }), 'none');
    assert.equal(ask(home, 's3:GetObject', 'b/anna/k', { 'aws:username': '*' }), 'none');
    assert.equal(ask(home, 's3:GetObject', 'b//k'), 'none');
  });

  for (const [condition, values, verdict] of [
    [{ StringEquals: { 's3:prefix': 'a/' } }, { 's3:prefix': 'a/' }, 'allow'],
    [{ StringEquals: { 's3:prefix': 'a/' } }, {}, 'none'],
    [{ StringEqualsIfExists: { 's3:prefix': 'a/' } }, {}, 'allow'],
    [{ StringNotLike: { 'aws:Referer': 'http://x/*' } }, { 'aws:referer': 'http://x/y' }, 'none'],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:sourceip': '10.1.2.3' }, 'allow'],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:sourceip': '10.1.2.3' }, 'none'],
    [{ NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '11' }, 'none'],
    [
      { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
      { 'aws:currenttime': '2026-11-28T00:00:00Z' },
      'allow',
    ],
    [{ Null: { 's3:x-amz-acl': 'true' } }, {}, 'allow'],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:securetransport': 'false' }, 'none'],
  ] as const) {
    it(`with ${JSON.stringify(condition)} and ${JSON.stringify(values)} says ${verdict}`, () => {
      assert.equal(ask([allow({ Condition: condition })], 's3:ListBucket', 'b', values), verdict);
    });
  }

  it('matches patterns made to be slow in the time of others', () => {
    const pattern = `${'*a'.repeat(200)}b`;
    assert.equal(
      ask([allow({ Resource: `arn:aws:s3:::${pattern}` })], 's3:GetObject', 'a'.repeat(1000)),
      'none',
    );
  });
});
