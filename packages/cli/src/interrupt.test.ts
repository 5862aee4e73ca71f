import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from './grammar/command.ts';
import { interruptible } from './interrupt.ts';

const words = { cancelled: 'The file was not written.', again: 'Part of the file is left.' };

/** Runs `work`, and sends it a signal; resolves with the exit code and what was said. */
async function interrupt(work: (signal: AbortSignal) => Promise<number>) {
  let said = '';
  const stderr = {
    write: (text: string): void => {
      said += text;
    },
  };
  const running = interruptible({ stderr, env: { NO_COLOR: '1' } } as unknown as Context, words, work);
  process.emit('SIGINT');
  return { code: await running, said };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('Ctrl-C on long work', () => {
  it('ends it with 130 and the words of that work, and is nobody’s any more afterwards', async () => {
    const before = process.listenerCount('SIGINT');
    const ended = await interrupt(async signal => {
      await untilAborted(signal);
      throw signal.reason;
    });
    assert.deepEqual(ended, { code: 130, said: 'Cancelled. The file was not written.\n' });
    assert.equal(process.listenerCount('SIGINT'), before);
  });

  it('says what went wrong while it was undone, and not that all is undone', async () => {
    const { code, said } = await interrupt(async signal => {
      await untilAborted(signal);
      throw Object.assign(new Error('The disk is gone.'), { hint: 'Look for it.' });
    });
    assert.equal(code, 130);
    assert.match(said, /^error: The disk is gone\.\nhint: {2}Look for it\.\n$/);
  });

  it('changes nothing of what is done already', async () => {
    const ended = await interrupt(async signal => {
      await untilAborted(signal);
      return 0;
    });
    assert.deepEqual(ended, { code: 0, said: '' });
  });
});
