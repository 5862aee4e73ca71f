import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ImagesError } from '../errors.ts';
import { optionTable } from '../options/index.ts';
import type { Options } from '../options/types.ts';
import { imgLoader, imgUrl } from '../url.ts';
import { type OptionsConfig, parseOptions } from './options.ts';
import { splitPath } from './path.ts';
import { parsePresets } from './presets.ts';
import { signPath, verifySignature } from './signature.ts';

const config: OptionsConfig = {
  presets: parsePresets(['thumb=rs:fill:60:60/g:no', 'loop=pr:loop/w:33', 'gray=bl:1'], ':'),
  onlyPresets: false,
  allowedOptions: [],
  allowSecurityOptions: false,
  argumentsSeparator: ':',
  baseUrl: '',
  replacements: [],
  querySeparator: '?',
  filenameInUrl: false,
  encryptionKey: null,
};
const source = 'plain/local:///a.jpg';
const parse = (path: string, over: Partial<OptionsConfig> = {}, start: Options = {}) =>
  parseOptions(path, start, { ...config, ...over }, () => 1000);
const optionsOf = (options: string, over: Partial<OptionsConfig> = {}): Options =>
  parse(options === '' ? source : `${options}/${source}`, over).options;
const refused = (kind: string) => (error: unknown) => error instanceof ImagesError && error.kind === kind;

describe('the source of a URL', () => {
  it('in plain text is unescaped once, and an @ in it is escaped', () => {
    assert.equal(parse('plain/local:///a%2520b%40c.jpg@png').source.text, 'local:///a%20b@c.jpg');
    assert.equal(parse('plain/local:///a.jpg@png').options.format, 'png');
  });

  it('in base64 may be cut anywhere and padded', () => {
    for (const path of [
      'bG9jYWw6Ly8vYS5qcGc',
      'bG9j/YWw6Ly8v/YS5qcGc',
      'bG9jYWw6Ly8vYS5qcGc=',
      'bG9jYWw6Ly8vYS5qcGc.webp',
    ])
      assert.equal(parse(path).source.text, 'local:///a.jpg', path);
  });

  it('that is encrypted is read with its key alone', () => {
    const key = Buffer.alloc(32, 7);
    const config = { encryptionKey: key.toString('hex') };
    const { path } = splitPath(imgUrl('local:///a.jpg', 'w:10', config), '');
    assert.match(path, /^w:10\/enc\/[\w-]+$/);
    assert.equal(imgUrl('local:///a.jpg', 'w:10', config), imgUrl('local:///a.jpg', 'w:10', config));
    assert.equal(parse(`${path}.png`, { encryptionKey: key }).source.text, 'local:///a.jpg');
    assert.equal(parse(path.replace(/(.{4}$)/, '/$1'), { encryptionKey: key }).source.text, 'local:///a.jpg');
    for (const wrong of [path.slice(0, -4), 'enc/YWJj'])
      assert.throws(() => parse(wrong, { encryptionKey: key }), refused('path'), wrong);
    assert.throws(() => parse(path, { encryptionKey: Buffer.alloc(32, 8) }), refused('path'));
    // By openssl: aes-128-cbc, key and vector of sixteen times 01 and 02.
    const made = 'AgICAgICAgICAgICAgICAlBrdMnW8C5T0fAnBcbH9oo';
    assert.equal(parse(`enc/${made}`, { encryptionKey: Buffer.alloc(16, 1) }).source.text, 'local:///a.jpg');
  });

  it('with two formats is none', () => {
    for (const path of ['plain/a@png@jpg', 'YQ.png.jpg', 'plain/', '****'])
      assert.throws(() => parse(path), refused('path'), path);
  });

  it('is completed by the base, after what is replaced in it', () => {
    const over = {
      baseUrl: 'local:///',
      replacements: [{ pattern: /^x:\/\/([^/]*)\//, replacement: 'local:///dir/' }],
    };
    assert.equal(parse('plain/a.jpg', over).source.text, 'local:///a.jpg');
    assert.equal(parse('plain/x://y/a.jpg', over).source.text, 'local:///dir/a.jpg');
    const whole = { ...over, wholeSources: ['http://store/own/'] };
    assert.equal(parse('plain/http://store/own/a.jpg', whole).source.text, 'http://store/own/a.jpg');
    assert.equal(parse('plain/http://store/a.jpg', whole).source.text, 'local:///http://store/a.jpg');
  });

  it('loses its query, and is mended where proxies have shortened it', () => {
    assert.equal(splitPath('/sig/w%3A100/plain/http:/x/a.jpg?q=1', '').path, 'w:100/plain/http://x/a.jpg');
    assert.equal(splitPath('/sig/plain/local:/a.jpg', '').path, 'plain/local:///a.jpg');
  });
});

describe('options', () => {
  it('with an empty argument keep what was there', () => {
    const { width, height, resizingType } = optionsOf('rs:fill:100:50/rs::200');
    assert.deepEqual([resizingType, width, height], ['fill', 200, 50]);
  });

  it('that are unknown, or have too many arguments or wrong ones, are refused', () => {
    for (const wrong of [
      'nosuch:1',
      'w:1:2',
      'w:-1',
      'w:1.5',
      'rot:45',
      'g:fp:0.5',
      'g:fp:2:0',
      'ex:1:sm',
      'wm:2',
      'wm:1:sm',
      'q:101',
      'f:tif',
      'bg:12',
      'fq:png',
      'exp:1',
      'z:0',
      'dpr:0',
    ])
      assert.throws(() => optionsOf(wrong), refused('option'), wrong);
  });

  it('mean the same by each of their names', () => {
    for (const { name, aliases, example } of optionTable) {
      const names = [name, ...aliases];
      const parts = example.split('/');
      const at = parts.findIndex(part => names.includes(part.split(':')[0] ?? ''));
      const [, ...args] = parts[at]?.split(':') ?? [];
      const meant = names.map(each =>
        optionsOf([...parts.slice(0, at), [each, ...args].join(':'), ...parts.slice(at + 1)].join('/'), {
          allowSecurityOptions: true,
        }),
      );
      assert.ok(at >= 0, name);
      for (const options of meant) assert.deepEqual(options, meant[0], name);
    }
  });

  it('read numbers and booleans as Go does', () => {
    assert.equal(optionsOf('w:+10').width, 10);
    assert.equal(optionsOf('dpr:1e0').dpr, 1);
    assert.equal(optionsOf('dpr:1_0').dpr, 10);
    assert.equal(optionsOf('el:t').enlarge, true);
    assert.equal(optionsOf('el:yes').enlarge, false);
  });

  it('of security are for who may set them', () => {
    assert.throws(() => optionsOf('msr:1'), refused('securityOption'));
    assert.equal(optionsOf('msr:1.5', { allowSecurityOptions: true }).maxSrcResolution, 1_500_000);
  });

  it('that are not allowed by their literal name are refused, but presets may use them', () => {
    const over = { allowedOptions: ['w', 'pr'] };
    assert.equal(optionsOf('w:10', over).width, 10);
    assert.throws(() => optionsOf('width:10', over), refused('option'));
    assert.equal(optionsOf('pr:thumb', over).height, 60);
  });

  it('come after the preset `default`, and later ones win', () => {
    const presets = parsePresets(['default=q:70', 'thumb=rs:fill:60:60'], ':');
    const options = optionsOf('pr:thumb/w:90', { presets });
    assert.deepEqual([options.quality, options.width, options.height], [70, 90, 60]);
  });

  it('of a preset that uses itself are read once', () => {
    assert.equal(optionsOf('pr:loop').width, 33);
  });

  it('with presets only are names in the first part, and the extension counts all the same', () => {
    const over = { onlyPresets: true };
    assert.deepEqual(parse('thumb:gray/plain/local:///a.jpg@png', over).options.blur, 1);
    assert.throws(() => parse(`w:90/${source}`, over), refused('option'));
  });

  it('after a lone dash are another pass over the picture', () => {
    const { width, next } = optionsOf('w:100/-/bl:3/w:50');
    assert.equal(width, 100);
    assert.deepEqual(next, [{ blur: 3, width: 50 }]);
    assert.throws(() => optionsOf(`w:1${'/-/w:1'.repeat(8)}`), refused('option'));
  });

  it('for a background of nothing take a preset’s away', () => {
    assert.equal('background' in optionsOf('bg:fff/bg:') && optionsOf('bg:fff/bg:').background, undefined);
  });

  it('that imgUrl writes are read as they were meant', () => {
    const url = imgUrl('local:///a.jpg', {
      width: 300,
      gravity: ['fp', 0.5, 0.25],
      background: [1, 2, 3],
      filename: 'a/b:c',
      expires: new Date(5_000_000),
      format: 'webp',
    });
    const { options, source } = parse(splitPath(url, '').path);
    assert.equal(source.text, 'local:///a.jpg');
    assert.deepEqual(options, {
      width: 300,
      gravity: { type: 'fp', x: 0.5, y: 0.25 },
      background: { r: 1, g: 2, b: 3 },
      filename: 'a/b:c',
      expires: 5000,
      format: 'webp',
      best: false,
    });
  });
});

describe('a loader of next/image', () => {
  it('asks for the width and the quality that the page wants', () => {
    const load = imgLoader({ plain: true, baseUrl: 'https://img.test/' }, { resizingType: 'fit' });
    assert.equal(
      load({ src: 'local:///a.jpg', width: 64, quality: 75 }),
      'https://img.test/unsafe/rt:fit/w:64/q:75/plain/local:///a.jpg',
    );
    assert.equal(load({ src: 'a.jpg', width: 640 }), 'https://img.test/unsafe/rt:fit/w:640/plain/a.jpg');
  });
});

describe('a signature', () => {
  const pair = { key: Buffer.from('secret'), salt: Buffer.from('hello') };
  const verify = (signature: string, path: string, size = 32): void =>
    verifySignature(
      { signature, path },
      { keys: [pair], signatureSize: size, trustedSignatures: ['trusted'] },
    );
  const path = 'rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png';

  it('is that of the documentation', () => {
    verify('oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8', path);
  });

  it('that is cut fits only where it is cut for all', () => {
    const whole = signPath(`/${path}`, pair);
    verify(whole.subarray(0, 16).toString('base64url'), path, 16);
    for (const wrong of [whole.subarray(0, 8), whole])
      assert.throws(() => verify(wrong.toString('base64url'), path, 16), refused('signature'));
  });

  it('that is padded, foreign or nothing is none', () => {
    for (const wrong of ['oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8=', 'unsafe', '_', 'a+b/'])
      assert.throws(() => verify(wrong, path), refused('signature'), wrong);
    verify('trusted', path);
  });

  it('without keys may be any text that is no option', () => {
    const open = { keys: [], signatureSize: 32, trustedSignatures: [] };
    verifySignature({ signature: '_', path }, open);
    assert.throws(
      () => verifySignature({ signature: 'w:20', path }, open),
      (error: ImagesError) => error.status === 403 && /appears to be a processing option/.test(error.text),
    );
  });
});
