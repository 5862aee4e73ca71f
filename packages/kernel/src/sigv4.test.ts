import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { sign } from './sigv4.ts';

// The published examples of the specification.
const signer = {
  region: 'us-east-1',
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = new Date('2013-05-24T00:00:00Z');

type Example = readonly [
  method: string,
  url: string,
  headers: Record<string, string>,
  body: string,
  signature: string,
];
const examples: readonly Example[] = [
  [
    'GET',
    '/test.txt',
    { range: 'bytes=0-9' },
    '',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT',
    '/test%24file.text',
    { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    'Welcome to Amazon S3.',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  ['GET', '/?lifecycle=', {}, '', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  [
    'GET',
    '/?max-keys=2&prefix=J',
    {},
    '',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
];

for (const [method, target, headers, body, signature] of examples)
  it(`the signature of ${method} ${target} is that of the specification’s example`, () => {
    const url = new URL(target, 'https://examplebucket.s3.amazonaws.com');
    const digest = createHash('sha256').update(body).digest('hex');
    const all = { ...headers, 'x-amz-content-sha256': digest };
    const { authorization } = sign(signer, method, url, all, digest, now);
    assert.equal(/Signature=(\w+)$/.exec(authorization!)?.[1], signature);
  });
