import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Expectation } from './cases.ts';
import { differences, type Received } from './match.ts';

const received: Received = {
  status: 200,
  headers: [
    ['Content-Type', 'application/json; charset=utf-8'],
    ['Warning', '299 PostgRESTv16.1(x) "old"'],
    ['Content-Length', '21'],
  ],
  body: Buffer.from('[{"b": 2, "a": [1]}]\n'),
};
const differs = (expect: Expectation, method = 'GET', changes: Partial<Received> = {}): number =>
  differences({ ...received, ...changes }, expect, { method, fixtures: '.' }).length;

describe('comparing a response with what was recorded', () => {
  it('heeds status and header values, whatever the case of names', () => {
    assert.equal(differs({ status: 200, headers: [['content-type', 'application/json; charset=utf-8']] }), 0);
    assert.equal(differs({ status: 201 }), 1);
    assert.equal(differs({ headers: [['Content-Type', 'application/json']] }), 1);
    assert.equal(differs({ headers: [['Warning', '299 PostgRESTv{{version}} "old"']] }), 0);
    assert.equal(differs({ headersAbsent: ['warning'] }), 1);
  });

  it('forgives headers that only a server adds', () => {
    assert.equal(differs({ headersAbsent: ['Content-Length'] }), 1);
    assert.equal(differs({ headersAbsent: ['Content-Length'] }, 'HEAD'), 0);
    assert.equal(differs({ headersAbsent: ['Content-Length'] }, 'PATCH', { status: 204 }), 0);
  });

  it('compares JSON by value and text by bytes', () => {
    assert.equal(differs({ bodyJson: [{ a: [1], b: 2 }] }), 0);
    assert.equal(differs({ bodyJson: [{ a: [1], b: '2' }] }), 1);
    assert.equal(differs({ bodyJson: [{ a: [1] }] }), 1);
    assert.equal(differs({ bodyJson: null }), 1);
    assert.equal(differs({ bodyText: '[{"b": 2, "a": [1]}]\n' }), 0);
    assert.equal(differs({ bodyText: '[{"b":2,"a":[1]}]' }), 1);
    assert.equal(differs({ bodyText: 'x' }, 'HEAD'), 0);
  });

  it('looks into the body by path', () => {
    const at = (path: (string | number)[], op: string, value?: unknown) =>
      differs({ asserts: [{ subject: 'json', op, path, value }] });
    assert.equal(at([0, 'a', 0], 'eq', 1), 0);
    assert.equal(at([0, 'a', 1], 'absent'), 0);
    assert.equal(at([0, 'c'], 'present'), 1);
    assert.equal(differs({ asserts: [{ subject: 'bodyOccurrences', op: '==', arg: '"', value: 4 }] }), 0);
    assert.equal(differs({ asserts: [{ subject: 'body', op: 'notContains', value: '"a"' }] }), 1);
  });

  it('knows an error body', () => {
    const error = { body: Buffer.from('{"message":"x","code":"y"}') };
    assert.equal(differs({ isErrorFormat: true }, 'GET', error), 0);
    assert.equal(differs({ isErrorFormat: true }), 1);
    assert.equal(differs({ isErrorFormat: false }, 'GET', error), 1);
  });
});
