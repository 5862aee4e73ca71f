import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from './command.ts';
import { UsageError } from './errors.ts';
import { parseCommandLine } from './parse.ts';

const run = async (): Promise<number> => 0;
const root: Command = {
  name: 'tool',
  summary: 'a tool',
  commands: [
    {
      name: 'up',
      summary: 'start',
      options: {
        detach: { kind: 'flag', short: 'd', summary: '' },
        json: { kind: 'flag', short: 'j', summary: '' },
        port: { kind: 'integer', short: 'p', value: 'PORT', range: [1, 65_535], summary: '' },
        name: { kind: 'list', value: 'NAME', summary: '' },
        mode: { kind: 'text', value: 'MODE', choices: ['fast', 'slow'], summary: '' },
      },
      run,
    },
    { name: 'sql', summary: 'ask', arguments: [{ name: 'STATEMENT', summary: 'SQL', required: false }], run },
    {
      name: 'secrets',
      summary: 'secrets',
      arguments: [{ name: 'NAME', summary: 'a name', required: false }],
      run,
      commands: [
        {
          name: 'rotate',
          summary: 'rotate',
          arguments: [{ name: 'NAME', summary: 'a name', many: true }],
          run,
        },
      ],
    },
    { name: 'rest', summary: 'raw', raw: true, run },
    { name: '_serve', summary: 'hidden', hidden: true, run },
  ],
};

function parse(...argv: string[]) {
  const parsed = parseCommandLine(root, argv);
  assert.equal(parsed.kind, 'run');
  assert.ok(parsed.kind === 'run');
  return { command: parsed.path.map(command => command.name).join(' '), ...parsed.invocation };
}

function refusal(...argv: string[]): string {
  try {
    parseCommandLine(root, argv);
  } catch (error) {
    assert.ok(error instanceof UsageError);
    assert.equal(error.exitCode, 2);
    return `${error.message} ${error.hint ?? ''}`.trim();
  }
  return assert.fail('it was accepted');
}

describe('reading a command line', () => {
  it('refuses an option that is given twice, whose first value would be lost', () => {
    assert.match(
      refusal('up', '--port', '1', '-p', '2'),
      /^--port is given twice\. Call the command once for each/,
    );
    assert.deepEqual(parse('up', '--name', 'a', '--name', 'b', '-d', '-d').options, {
      name: ['a', 'b'],
      detach: true,
    });
  });

  it('takes values glued, apart and short, and flags in groups', () => {
    assert.deepEqual(parse('up', '--port=1').options, { port: 1 });
    assert.deepEqual(parse('up', '--port', '1').options, { port: 1 });
    assert.deepEqual(parse('up', '-p1').options, { port: 1 });
    assert.deepEqual(parse('up', '-djp', '1').options, { detach: true, json: true, port: 1 });
    assert.deepEqual(parse('up', '--name', 'a', '--name=b').options, { name: ['a', 'b'] });
  });

  it('takes everything after -- and a lone - as arguments', () => {
    assert.deepEqual(parse('sql', '--', '--help').arguments, ['--help']);
    assert.deepEqual(parse('sql', '-').arguments, ['-']);
  });

  it('finds commands in commands, and leaves other words to a command that also runs by itself', () => {
    assert.equal(parse('secrets', 'rotate', 'A', 'B').command, 'tool secrets rotate');
    assert.deepEqual(parse('secrets', 'JWT_SECRET').arguments, ['JWT_SECRET']);
  });

  it('hands the arguments of a raw command on as they are', () => {
    assert.deepEqual(parse('rest', '--help', 'x').arguments, ['--help', 'x']);
  });

  it('gives help wherever it is asked for, even beside what is wrong otherwise', () => {
    assert.equal(parseCommandLine(root, []).kind, 'help');
    assert.equal(parseCommandLine(root, ['up', '-h']).kind, 'help');
    assert.equal(parseCommandLine(root, ['secrets', 'rotate', '--help']).kind, 'help');
  });

  it('says what it did not understand, and what it would have', () => {
    assert.equal(refusal('upp'), "There is no command 'upp'. Did you mean 'tool up'?");
    assert.equal(refusal('xyzzy'), "There is no command 'xyzzy'. See 'tool --help'.");
    assert.equal(refusal('up', '--detahc'), "tool up has no option --detahc. Did you mean '--detach'?");
    assert.equal(refusal('up', '-x'), "tool up has no option -x. See 'tool up --help'.");
    assert.equal(refusal('up', '--port'), "--port needs a value: PORT. See 'tool up --help'.");
    assert.match(refusal('up', '--port', '0'), /from 1 to 65535, not '0'/);
    assert.match(refusal('up', '--port', '1e3'), /not '1e3'/);
    assert.match(refusal('up', '--detach=yes'), /takes no value/);
    assert.match(refusal('up', '--mode', 'medium'), /fast, slow/);
    assert.match(refusal('up', 'extra'), /'extra' is one argument too many/);
    assert.match(refusal('secrets', 'rotate'), /NAME is missing/);
  });

  it('is not fooled by names that every object has', () => {
    assert.match(refusal('up', '--constructor'), /has no option/);
    assert.match(refusal('__proto__'), /There is no command/);
  });

  it('does not suggest what is hidden', () => {
    assert.doesNotMatch(refusal('serve'), /_serve/);
  });
});
