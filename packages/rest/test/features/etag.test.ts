import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Library, startLibrary } from './library.ts';

describe('an ETag', () => {
  let library: Library;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, etag: true } });
  });
  after(() => library.close());

  const tagOf = async (target: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { etag } = (await library.get(target, headers)).headers;
    assert.match(etag ?? '', /^"[\w-]{27}"$/, target);
    return etag ?? '';
  };

  it('names the body of a read, and spares it to who has it', async () => {
    const tag = await tagOf('/films?select=id,title&order=id');
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await library.get('/films?select=id,title&order=id', { 'if-none-match': known });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', tag], known);
    }
    const other = await library.get('/films?select=id,title&order=id', { 'if-none-match': '"other"' });
    assert.equal(other.status, 200);
  });

  it('changes with what is shown, in any form', async () => {
    const tag = await tagOf('/films?select=id,title&order=id');
    assert.notEqual(await tagOf('/films?select=id,title&order=id', { accept: 'text/csv' }), tag);
    assert.notEqual(await tagOf('/films?select=id,title&order=id.desc'), tag);
    await library.send('PATCH', '/films?id=eq.1', { title: 'x' });
    assert.notEqual(await tagOf('/films?select=id,title&order=id'), tag);
    await library.send('PATCH', '/films?id=eq.2', { year: 1 });
    const again = await tagOf('/films?select=id,title&order=id');
    assert.equal(again, await tagOf('/films?select=id,title&order=id'));
    await library.reset();
    assert.equal(await tagOf('/films?select=id,title&order=id'), tag);
  });

  it('goes with part of a total, and with no write, call or refusal', async () => {
    const part = await library.get('/films?limit=1', { prefer: 'count=exact' });
    assert.equal(part.status, 206);
    assert.match(part.headers.etag ?? '', /^"/);
    for (const [method, target, body] of [
      ['POST', '/directors', { id: 90, name: 'x' }],
      ['GET', '/rpc/add?a=1', undefined],
      ['GET', '/films?nope=eq.1', undefined],
      ['HEAD', '/films', undefined],
    ] as const) {
      const answer = await library.send(method, target, body, { prefer: 'return=representation' });
      assert.equal(answer.headers.etag, undefined, `${method} ${target}`);
    }
    await library.reset();
  });
});
