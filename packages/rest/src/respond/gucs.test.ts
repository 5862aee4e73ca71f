import assert from 'node:assert/strict';
import { it } from 'node:test';
import { applyGucs } from './gucs.ts';

const response = { status: 200, headers: ['Content-Type', 'application/json'], body: '[]' };

it('takes status and headers from the database, which may replace ours', () => {
  const headers = JSON.stringify([{ 'content-type': 'text/csv' }, { 'Set-Cookie': 'a=1' }]);
  assert.deepEqual(applyGucs({ status: '418', headers }, response), {
    status: 418,
    headers: ['content-type', 'text/csv', 'Set-Cookie', 'a=1'],
    body: '[]',
  });
});

it('leaves out what the database says of the connection and of how the response travels', () => {
  const names = [
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'Trailer',
    'TE',
    'Upgrade',
    'Content-Length',
    'content-length',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
  ];
  const headers = JSON.stringify([...names.map(name => ({ [name]: 'x' })), { 'X-Kept': '1' }]);
  assert.deepEqual(applyGucs({ status: null, headers }, response).headers, [
    'Content-Type',
    'application/json',
    'X-Kept',
    '1',
  ]);
});
