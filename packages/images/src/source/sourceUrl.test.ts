import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSources } from '../config/sources.ts';
import { assertAllowed, type ObjectUrl, parseSourceUrl, reached } from './sourceUrl.ts';

const parse = (text: string) => parseSourceUrl(text, '?');
const isAllowed = (text: string, ...patterns: readonly string[]): boolean => {
  try {
    assertAllowed(parse(text), readSources({ IMGPROXY_ALLOWED_SOURCES: patterns.join(',') }).allowed);
    return true;
  } catch {
    return false;
  }
};

describe('a source’s URL', () => {
  it('of a store is bucket, key and query, with nothing escaped', () => {
    const { kind, scheme, ...rest } = parse('S3://bucket//a b%20#c.png?v1');
    assert.deepEqual([kind, scheme], ['object', 's3']);
    assert.deepEqual(rest, {
      text: 'S3://bucket//a b%20#c.png?v1',
      bucket: 'bucket',
      key: 'a b%20#c.png',
      query: 'v1',
    });
    const { key } = parseSourceUrl('local:///a?b', '') as ObjectUrl;
    assert.equal(key, 'a?b');
  });

  it('of the web is what is asked for, whatever it looks like', () => {
    assert.equal(reached(parse('HTTP://Example.COM:80/a/../b?c#d')), 'http://example.com/b?c');
    assert.equal(reached(parse('http://a.test\\@b.test/')), 'http://a.test/@b.test/');
  });

  it('that nobody can fetch says why', () => {
    for (const text of [
      'a.png',
      'http://',
      'http://a.test/%zz',
      'http://a.test/\tb',
      'http://2130706433/',
      '//a/b',
    ])
      assert.equal(parse(text).kind, 'unreadable', text);
  });

  it('is allowed where it begins and leads within a pattern', () => {
    assert.ok(isAllowed('http://cdn.test/a.png', 'http://cdn.test/'));
    assert.ok(isAllowed('http://a.CDN.test/ä b.png', 'http://*.CDN.test/ä'));
    assert.ok(isAllowed('https://cdn.test:443/a.png', 'https://cdn.test:443/'));
    assert.ok(isAllowed('s3://uploads/a#?b', 's3://other/', 's3://uploads/'));
  });

  it('is not allowed where either of these is not so', () => {
    for (const text of [
      'http://cdn.test@evil.test/a',
      'http://cdn.test:80@evil.test/',
      'http://evil.test\\.cdn.test/a',
      'http://evil.test#.cdn.test/',
      'http://evil.test?.cdn.test/',
      'http://a.cdn.test/public/../private/a',
      'http://a.cdn.test/public/%2e%2e/private/a',
      'http://a.cdn.test/public/.%09./a\t',
      'HTTP://a.cdn.test/public/a',
    ])
      assert.equal(isAllowed(text, 'http://cdn.test', 'http://*.cdn.test/public/'), false, text);
    for (const text of [
      's3://uploads/../a',
      's3://uploads\\x/a',
      's3://uploads/a/%2E./b',
      'local:///uploads/',
    ])
      assert.equal(isAllowed(text, 's3://uploads'), false, text);
  });
});
