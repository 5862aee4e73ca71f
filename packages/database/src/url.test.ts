import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConninfo } from '@peakstone/kernel/pg';
import { connectionUrl } from './url.ts';

describe('a connection URL', () => {
  it('brings any name and password through unchanged', () => {
    const url = connectionUrl({ host: '127.0.0.1', port: 6000 }, 'a/b', 'us er', 'p@:/?#ä');
    const info = JSON.stringify(parseConninfo(url));
    for (const part of ['a/b', 'us er', 'p@:/?#ä', '127.0.0.1', '6000']) assert.ok(info.includes(part), part);
  });

  it('names the folder of a socket', () => {
    assert.equal(
      connectionUrl({ host: '/run/pg', port: 5432 }, 'app', 'web'),
      'postgres://web@localhost:5432/app?host=%2Frun%2Fpg',
    );
  });
});
