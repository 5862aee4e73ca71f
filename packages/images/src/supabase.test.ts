import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderOptions } from './supabase.ts';
import { imgLoader, imgUrl } from './url.ts';

const optionsOf = (query: string) => renderOptions(new URLSearchParams(query));

describe('a transformation of Supabase Storage', () => {
  it('covers its size unless it says otherwise', () => {
    assert.deepEqual(optionsOf('width=200&height=100'), { resizingType: 'fill', width: 200, height: 100 });
    assert.deepEqual(optionsOf('width=200&resize=contain&quality=80'), {
      resizingType: 'fit',
      width: 200,
      quality: 80,
    });
    assert.deepEqual(optionsOf('resize=fill&format=webp'), { resizingType: 'force', format: 'webp' });
    assert.deepEqual(optionsOf('format=origin'), { resizingType: 'fill' });
  });

  it('beyond its bounds is refused by its name', () => {
    for (const [query, name] of [
      ['width=0', 'width'],
      ['height=2501', 'height'],
      ['quality=10', 'quality'],
      ['resize=crop', 'resize'],
      ['format=svg', 'format'],
      ['width=1e3', 'width'],
    ])
      assert.throws(
        () => optionsOf(query!),
        { name: 'RenderQueryError', message: new RegExp(`^${name}`) },
        query,
      );
  });
});

describe('imgUrl', () => {
  it('is a path when there is no address, and unsigned when there are no keys', () => {
    assert.equal(imgUrl('local:///a.jpg', { width: 9 }, { plain: true }), '/unsafe/w:9/plain/local:///a.jpg');
    assert.throws(() => imgUrl('a', {}, { key: 'aa' }), RangeError);
    assert.throws(
      () => imgUrl('a', {}, { key: 'xx', salt: 'aa' }),
      error => error instanceof RangeError && !error.message.includes('xx'),
    );
  });

  it('is a loader of next/image', () => {
    const load = imgLoader({ baseUrl: 'https://img.test/', plain: true }, { format: 'webp' });
    assert.equal(
      load({ src: 's3://u/a b@c.png', width: 640, quality: 75 }),
      'https://img.test/unsafe/w:640/q:75/f:webp/plain/s3://u/a%20b%40c.png',
    );
  });
});
