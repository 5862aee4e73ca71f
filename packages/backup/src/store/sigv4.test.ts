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
const empty = createHash('sha256').update('').digest('hex');

it('signatures are those of the specification’s examples', () => {
  const signatureOf = (url: string, headers: Record<string, string> = {}): string | undefined => {
    const all = { ...headers, 'x-amz-content-sha256': empty };
    const { authorization } = sign(signer, 'GET', new URL(url), all, empty, now);
    return /Signature=(\w+)$/.exec(authorization!)?.[1];
  };
  assert.equal(
    signatureOf('https://examplebucket.s3.amazonaws.com/test.txt', { range: 'bytes=0-9' }),
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  assert.equal(
    signatureOf('https://examplebucket.s3.amazonaws.com/?lifecycle='),
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
  assert.equal(
    signatureOf('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J'),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});
