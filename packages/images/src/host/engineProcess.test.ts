import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readImagesConfig } from '../config.ts';
import { Budget } from '../memory/budget.ts';
import { EngineProcess } from './engineProcess.ts';

describe('the process that draws', () => {
  let engine: EngineProcess;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  before(() => {
    process.on('unhandledRejection', note);
    engine = new EngineProcess({
      config: readImagesConfig({}).engine,
      watermark: null,
      threads: 2,
      maxMemoryBytes: 800 * 1024 * 1024,
      trimIntervalMs: 0,
      idleMs: 60_000,
      onCrash: () => undefined,
    });
  });
  after(async () => {
    await engine.stop();
    process.off('unhandledRejection', note);
  });
  const run = (bytes: number, signal: AbortSignal) => {
    const job = { kind: 'process', options: {}, format: 'jpeg' } as const;
    return engine.run(job, Buffer.alloc(bytes), new Budget(2 ** 30).lease(), signal);
  };
  const never = new AbortController().signal;

  it('that ends before all of a source is sent ends those pictures alone', async () => {
    await assert.rejects(run(1000, never), { kind: 'broken' });
    const { pid } = engine;
    assert.ok(pid);
    // It reads no more: what is larger than a socket's buffer stays half sent.
    process.kill(pid, 'SIGSTOP');
    const gone = new AbortController();
    const [late, beside] = [run(8_000_000, gone.signal), run(8_000_000, never)];
    const refused = Promise.all([
      assert.rejects(late, { message: 'too late' }),
      assert.rejects(beside, { name: 'EngineCrash' }),
    ]);
    gone.abort(new Error('too late'));
    await refused;
    await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
    await assert.rejects(run(1000, never), { kind: 'broken' });
    assert.notEqual(engine.pid, pid);
  });
});
