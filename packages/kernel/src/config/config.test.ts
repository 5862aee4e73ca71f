// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in .env files are what is tested
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  ConfigError,
  parseEnvFile,
  quoteEnvValue,
  readBoolean,
  readDuration,
  readEnum,
  readInt,
  readList,
  readPort,
  readSecret,
  readSize,
  readString,
  readUrl,
  resolveFiles,
  updateEnvFile,
} from './index.ts';

describe('a setting', () => {
  it('that is absent or empty takes its default, or is an error that names it', () => {
    assert.equal(readString({ A: 'x' }, 'A'), 'x');
    assert.equal(readString({ A: '' }, 'A', { default: 'd' }), 'd');
    assert.equal(readInt({}, 'A', { default: undefined }), undefined);
    assert.throws(() => readPort({}, 'REST_PORT', { hint: 'See the README.' }), {
      name: 'ConfigError',
      variable: 'REST_PORT',
      message: 'REST_PORT must be set: a whole number from 0 to 65535. See the README.',
    });
  });

  it('is read as a whole number within its bounds', () => {
    assert.equal(readInt({ A: '-5' }, 'A'), -5);
    for (const bad of ['1.5', '1e3', '0x10', 'ten', '99999999999999999999', ' ', '1 2']) {
      assert.throws(() => readInt({ A: bad }, 'A'), ConfigError, bad);
    }
    assert.throws(
      () => readInt({ A: '0' }, 'A', { min: 1 }),
      /A must be a whole number of at least 1, not "0"/,
    );
    assert.throws(() => readPort({ A: '65536' }, 'A'), /from 0 to 65535/);
  });

  it('is read as PostgREST reads booleans', () => {
    for (const yes of ['true', 'TRUE', 'True', '"true"', '1', '2'])
      assert.equal(readBoolean({ A: yes }, 'A'), true, yes);
    for (const no of ['false', 'FALSE', '0', '-1']) assert.equal(readBoolean({ A: no }, 'A'), false, no);
    for (const bad of ['yes', 'on', 'truth'])
      assert.throws(() => readBoolean({ A: bad }, 'A'), /true or false/, bad);
  });

  it('is one of the words, a duration, a size, a list or a URL', () => {
    assert.equal(readEnum({ A: 'b' }, 'A', ['a', 'b']), 'b');
    assert.throws(() => readEnum({ A: 'B' }, 'A', ['a', 'b']), /one of a, b, not "B"/);
    const durations = {
      '500ms': 500,
      '30s': 30_000,
      '1.5m': 90_000,
      '2h': 7_200_000,
      '1d': 86_400_000,
      10: 10_000,
    };
    for (const [text, ms] of Object.entries(durations))
      assert.equal(readDuration({ A: text }, 'A'), ms, text);
    assert.equal(readDuration({ A: '10' }, 'A', { unit: 'ms' }), 10);
    assert.throws(() => readDuration({ A: '5 weeks' }, 'A'), ConfigError);
    const sizes = {
      1024: 1024,
      '64kB': 65_536,
      '10MB': 10_485_760,
      '1GiB': 1_073_741_824,
      '1.5m': 1_572_864,
    };
    for (const [text, bytes] of Object.entries(sizes)) assert.equal(readSize({ A: text }, 'A'), bytes, text);
    assert.throws(() => readSize({ A: '-1' }, 'A'), ConfigError);
    assert.deepEqual(readList({ A: ' a, b ,,c' }, 'A'), ['a', 'b', 'c']);
    assert.equal(readUrl({ A: 'https://x/y' }, 'A').pathname, '/y');
    assert.throws(() => readUrl({ A: 'ftp://x' }, 'A'), /http:\/\/ or https:\/\//);
  });

  it('that is secret is never repeated', () => {
    const secret = 'hunter2hunter2';
    for (const run of [
      () => readSecret({ A: secret }, 'A', { minLength: 32 }),
      () => readSecret({ A: secret }, 'A', { pattern: /^[0-9a-f]+$/, expected: '64 hexadecimal digits' }),
      () => readUrl({ A: `postgres://u:${secret}@h` }, 'A'),
    ]) {
      assert.throws(
        run,
        (error: Error) =>
          error instanceof ConfigError && !JSON.stringify([error.message, error]).includes(secret),
      );
    }
  });
});

describe('settings from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'secret');
  writeFileSync(path, 'from a file\n');

  it('come by NAME_FILE or @path, without the last line feed', () => {
    assert.equal(resolveFiles({ A_FILE: path }, ['A']).A, 'from a file');
    assert.equal(resolveFiles({ A: `@${path}` }, ['A']).A, 'from a file');
    assert.equal(resolveFiles({ B: `@${path}` }, ['A']).B, `@${path}`);
  });

  it('that can not be read, or come twice, are errors that say which', () => {
    assert.throws(
      () => resolveFiles({ A_FILE: '/nowhere' }, ['A']),
      /A_FILE must be the path of a readable file/,
    );
    assert.throws(() => resolveFiles({ A: `@${folder}` }, ['A']), ConfigError);
    assert.throws(
      () => resolveFiles({ A: 'x', A_FILE: path }, ['A']),
      /A_FILE must be left out when A is set/,
    );
  });
});

describe('a .env file', () => {
  it('is read with comments, quotes, several lines and references', () => {
    const text = [
      '# comment',
      'PLAIN=a b # not this',
      'HASH=a#b',
      '  export SPACED = x ',
      "SINGLE='${PLAIN} # \\n'",
      'DOUBLE="tab\\there \\"q\\" \\$ ${PLAIN}"',
      'MULTI="one',
      'two=2"  # after',
      "MULTI2='a",
      "b'",
      'REF=${PLAIN}/${OUTER}/${NONE}/${NONE:-def}',
      'EMPTY=',
      'QUOTED_EMPTY=""',
      'DOLLAR=a$b',
      'LAST=1',
    ].join('\n');
    assert.deepEqual(parseEnvFile(text, { OUTER: 'out' }), {
      PLAIN: 'a b',
      HASH: 'a#b',
      SPACED: 'x',
      SINGLE: '${PLAIN} # \\n',
      DOUBLE: 'tab\there "q" $ a b',
      MULTI: 'one\ntwo=2',
      MULTI2: 'a\nb',
      REF: 'a b/out//def',
      EMPTY: '',
      QUOTED_EMPTY: '',
      DOLLAR: 'a$b',
      LAST: '1',
    });
    assert.deepEqual(parseEnvFile('\ufeffA=1\r\nB="x"\r\n# c\r\nC=\r\nD=4\r\n'), {
      A: '1',
      B: 'x',
      C: '',
      D: '4',
    });
  });

  it('in UTF-16, as PowerShell writes it, is named as that', () => {
    for (const text of ['A=hunter2\r\n', '\ufeffA=hunter2\r\n'])
      assert.throws(
        () => parseEnvFile(Buffer.from(text, 'utf16le').toString()),
        (error: Error) =>
          /UTF-16: save it anew as UTF-8/.test(error.message) && !error.message.includes('hunter2'),
      );
  });

  it('that can not be read names the line and not the value', () => {
    for (const text of ['A=1\nhunter2 hunter2', 'A=1\nB="hunter2', "A=1\nB='hunter2", 'A=1\nB="x" hunter2']) {
      assert.throws(
        () => parseEnvFile(text),
        (error: Error) => {
          assert.match(error.message, /\.env line 2/);
          return !error.message.includes('hunter2');
        },
      );
    }
  });

  it('keeps everything else when it is written', () => {
    const text = '# head\nA=1 # one\n\nexport B="two\nlines" # b\nA=3\n# tail';
    assert.equal(
      updateEnvFile(text, { A: 'new value', C: 'c', B: 'x' }),
      "# head\nA=1 # one\n\nB=x # b\nA='new value'\n# tail\nC=c\n",
    );
    assert.equal(updateEnvFile(text, { B: undefined }), '# head\nA=1 # one\n\n # b\nA=3\n# tail');
    assert.equal(updateEnvFile('', { A: '' }), 'A=\n');
    assert.equal(updateEnvFile(text, {}), text);
  });

  it('reads every value back as it was written', () => {
    const values = [
      '',
      'a',
      'a b',
      "it's",
      'say "x"',
      '$HOME ${A}',
      'a\\b',
      "a\\'b",
      'l1\nl2',
      '#x',
      ' lead',
      'tail ',
      'ü',
      '\t',
      '\'"\\$\n\r',
    ];
    for (const value of values) {
      assert.equal(parseEnvFile(updateEnvFile('', { A: value })).A, value, quoteEnvValue(value));
    }
  });
});
