/** The guides under docs/ are followed as they are written: what they show is what comes in the end. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { finish, mainScript, Project } from './cli.ts';

const docs = path.join(import.meta.dirname, '../../../docs');
const GUIDES = ['access', 'schemas', 'graphql', 'storage', 'connections', 'environments'] as const;
/** Stands between the outputs of two blocks. */
const MARK = '@@ next block';

interface Block {
  readonly commands: string;
  /** What the `text` block right below it shows; undefined when there is none. */
  readonly shown: string | undefined;
}

function readBlocks(guide: string): readonly Block[] {
  const text = readFileSync(path.join(docs, `${guide}.md`), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)].map(
    ([, commands, shown]) => ({
      commands: commands as string,
      shown,
    }),
  );
}

describe('the guide', { skip: spawnSync('curl', ['--version']).status !== 0 && 'needs curl' }, () => {
  for (const guide of GUIDES) {
    it(`docs/${guide}.md does what it says`, async () => {
      const project = new Project();
      try {
        const base = await reservePorts(7);
        writeFileSync(
          path.join(project.folder, 'peakstone'),
          `#!/bin/sh\nPEAKSTONE_CALLED=./peakstone exec '${process.execPath}' '${mainScript}' "$@"\n`,
          { mode: 0o755 },
        );
        const here = (text: string) =>
          text
            .replaceAll(/127\.0\.0\.1:8000\b/g, `127.0.0.1:${base}`)
            .replaceAll(/127\.0\.0\.1:5432\b/g, `127.0.0.1:${base + 1}`)
            .replaceAll(/127\.0\.0\.1:9000\b/g, `127.0.0.1:${base + 4}`);
        const blocks = readBlocks(guide);
        const script = blocks.map(({ commands }) =>
          here(commands).replaceAll(/^\.\/peakstone up --detach(?! --port-base)/gm, `$& --port-base ${base}`),
        );
        const shell = spawn('bash', ['-e', '-c', script.join(`\necho; echo '${MARK}'\n`)], {
          cwd: project.folder,
          env: project.environment(),
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const { code, stdout, stderr } = await finish(shell);
        assert.equal(code, 0, `${stdout}${stderr}`);
        const outputs = stdout.split(`${MARK}\n`);
        for (const [i, { commands, shown }] of blocks.entries()) {
          const output = outputs[i]?.trim() ?? '';
          if (shown !== undefined)
            assert.equal(output.slice(-here(shown).trim().length), here(shown).trim(), commands);
        }
      } finally {
        await project.close();
      }
    });
  }
});
