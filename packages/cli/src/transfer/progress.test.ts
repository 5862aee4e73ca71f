import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '../grammar/command.ts';
import { TransferProgress } from './progress.ts';

describe('how far a transfer is', () => {
  it('is one line, whatever the name of what is under way', () => {
    for (const isTTY of [false, true]) {
      const written: string[] = [];
      const stderr = { isTTY, columns: 80, write: (text: string) => written.push(text) };
      const progress = new TransferProgress({ stderr, env: { NO_COLOR: '1' } } as unknown as Context);
      progress.show('dump', 0.5, 'rows of public.two\nlines\u001b[31m');
      const [line] = written;
      assert.equal(
        line!.replace('\r\u001b[2K', '').trimEnd(),
        '50 % dump: rows of public.two\\x0alines\\x1b[31m',
      );
    }
  });
});
