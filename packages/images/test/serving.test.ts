import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { imgUrl } from '../src/url.ts';
import { startServer, type TestServer } from './server.ts';

const key = '736563726574';
const salt = '68656c6c6f';

describe('a picture’s URL', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ IMGPROXY_KEY: key, IMGPROXY_SALT: salt });
  });
  after(() => server.stop());
  const sign = (source: string, options: string): string => imgUrl(source, options, { key, salt });

  it('that is signed is drawn at its size and in its format', async () => {
    for (const [extension, format] of [
      ['jpg', 'jpeg'],
      ['png', 'png'],
      ['webp', 'webp'],
      ['avif', 'heif'],
      ['gif', 'gif'],
      ['tiff', 'tiff'],
    ]) {
      const made = await server.picture(sign('local:///photo.jpg', `rs:fit:200:200/f:${extension}`));
      assert.deepEqual([made.format, made.width, made.height], [format, 200, 150]);
    }
  });

  it('says how long it holds, of which source it is made, and that nothing in it may run', async () => {
    const response = await server.get(sign('local:///photo.jpg', 'w:100'));
    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    assert.equal(response.headers.get('cache-control'), 'max-age=31536000, public');
    assert.equal(response.headers.get('content-disposition'), 'inline; filename="photo.jpg"');
    assert.match(response.headers.get('etag') ?? '', /^"[\w-]{43}"$/);
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    const again = await server.get(sign('local:///photo.jpg', 'w:100'), {
      headers: { 'if-none-match': response.headers.get('etag') ?? '' },
    });
    assert.equal(again.status, 304);
  });

  it('is refused with a signature of another URL, or none', async () => {
    const [, signature] = sign('local:///photo.jpg', 'w:100').split('/');
    for (const path of [
      `/${signature}/w:101/plain/local:///photo.jpg`,
      '/_/w:100/plain/local:///photo.jpg',
    ]) {
      const response = await server.get(path);
      assert.equal(response.status, 403);
      assert.equal(await response.text(), 'Forbidden');
      assert.equal(response.headers.get('cache-control'), null);
    }
  });

  it('gives the documented signature for the documented key', () => {
    const path = imgUrl('http://img.example.com/pretty/image.jpg', 'rs:fill:300:400:0/g:sm', { key, salt });
    assert.match(path, /^\/[\w-]{43}\/rs:fill:300:400:0\/g:sm\/aHR0cDov/);
  });
});

describe('the service', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  it('tells that it runs', async () => {
    const response = await server.get('/health');
    assert.equal(await response.text(), 'imgproxy is running');
  });

  it('answers HEAD and OPTIONS without drawing, and no other method', async () => {
    for (const [method, status] of [
      ['HEAD', 200],
      ['OPTIONS', 200],
      ['POST', 404],
    ] as const) {
      assert.equal((await server.get('/_/w:x/plain/local:///photo.jpg', { method })).status, status);
    }
  });

  it('draws on after its engine was killed, and the picture in work is drawn again', async () => {
    const ask = (): Promise<Response> => server.get('/_/rs:fit:600:600/f:avif/plain/local:///photo.jpg');
    assert.equal((await ask()).status, 200);
    const first = server.service.pid();
    assert.ok(first);
    const asked = ask();
    process.kill(first, 'SIGKILL');
    assert.equal((await asked).status, 200);
    assert.equal((await ask()).status, 200);
    assert.notEqual(server.service.pid(), first);
  });
});
