import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from '@peakstone/kernel/service';
import type { StackEvent } from '../src/run/events.ts';
import { Supervisor } from '../src/run/supervisor.ts';
import type { Unit } from '../src/run/unit.ts';
import type { RunningService } from '../src/services/local.ts';

interface Probe extends Unit {
  health: Health;
  /** Thrown by the next starts. */
  failures: Error[];
  starts: number;
  /** As a service tells that it mended itself. */
  crash: () => void;
  stops: number;
  hangs: boolean;
  /** As a process that ends under it. */
  end: (reason: string) => void;
  /** Called when a start has succeeded. */
  onStart: () => void;
}

function probe(
  name: string,
  needs: readonly string[],
  journal: string[],
  after: readonly string[] = [],
): Probe {
  const unit: Probe = {
    name,
    title: name,
    engine: 'peakstone',
    essential: false,
    mendsItself: false,
    needs,
    after,
    url: null,
    adminUrl: null,
    port: null,
    health: { ok: true },
    failures: [],
    starts: 0,
    crash: () => assert.fail('not started'),
    end: () => assert.fail('not started'),
    stops: 0,
    hangs: false,
    onStart: () => undefined,
    async start(signal, _step, crashed) {
      unit.starts++;
      unit.crash = crashed;
      await new Promise(resolve => setTimeout(resolve, 5));
      signal.throwIfAborted();
      const failure = unit.failures.shift();
      if (failure) throw failure;
      journal.push(`+${name}`);
      unit.health = { ok: true };
      const ended = Promise.withResolvers<string>();
      unit.end = ended.resolve;
      unit.onStart();
      const running: RunningService = {
        ended: ended.promise,
        health: async () => unit.health,
        stop: async () => {
          if (unit.hangs) await new Promise(() => undefined);
          unit.stops++;
          journal.push(`-${name}`);
        },
      };
      return running;
    },
  };
  return unit;
}

function setUp(test: TestContext) {
  const journal: string[] = [];
  const events: StackEvent[] = [];
  const database = probe('database', [], journal);
  const rest = probe('rest', ['database'], journal);
  const gateway = probe('gateway', ['rest'], journal);
  const mending = Object.assign(probe('mending', [], []), { mendsItself: true });
  const supervisor = new Supervisor([gateway, rest, database, mending], {
    onEvent: event => events.push(event),
    intervalMs: 10,
    patienceMs: 50,
    backoffMs: 20,
    maxBackoffMs: 80,
    stopMs: 200,
  });
  test.after(() => supervisor.stop());
  const start = (): Promise<void> => supervisor.start(new AbortController().signal);
  const until = async (what: () => boolean): Promise<void> => {
    for (let tries = 0; !what(); tries++) {
      assert.ok(tries < 6000, 'it never happened');
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  };
  const state = (name: string) => supervisor.statuses().find(status => status.name === name)!;
  return { journal, events, database, rest, gateway, mending, supervisor, start, until, state };
}

describe('supervising services', () => {
  it('starts in order of need and stops in reverse', async test => {
    const { journal, supervisor, start } = setUp(test);
    await start();
    await supervisor.stop();
    await supervisor.stop();
    assert.deepEqual(journal, ['+database', '+rest', '+gateway', '-gateway', '-rest', '-database']);
  });

  it('takes down what had started when one fails, and says which and why', async test => {
    const { journal, rest, supervisor, start } = setUp(test);
    rest.failures.push(Object.assign(new Error('no catalog'), { hint: 'do this' }));
    await assert.rejects(
      start(),
      (error: Error & { hint?: string }) =>
        error.message === 'rest did not start: no catalog' && error.hint === 'do this',
    );
    assert.deepEqual(journal, ['+database', '-database']);
    assert.ok(supervisor.statuses().every(status => status.state !== 'healthy'));
  });

  it('takes everything down when the start is interrupted', async test => {
    const { journal, database, supervisor } = setUp(test);
    const abort = new AbortController();
    database.onStart = () => abort.abort();
    const starting = supervisor.start(abort.signal);
    await assert.rejects(starting, (error: { code?: string } & Error) => error.code === 'aborted');
    assert.deepEqual(journal, ['+database', '-database']);
  });

  it('restarts what stays unhealthy, once it has had time to recover by itself', async test => {
    const { events, rest, start, until, state } = setUp(test);
    await start();
    events.length = 0;
    rest.health = { ok: false, reason: 'stuck' };
    await until(() => rest.starts === 2 && state('rest').state === 'healthy');
    const [first, second] = events.filter(event => 'service' in event && event.service === 'rest');
    assert.deepEqual(first, { kind: 'unhealthy', service: 'rest', reason: 'stuck' });
    assert.equal(second?.kind, 'restarting');
    assert.equal(state('rest').restarts, 1);
    assert.equal(state('rest').restartsOnRequest, 0);
  });

  it('brings back what ended although the clock is put back by a day, and forward again', async test => {
    const { gateway, start, until, state } = setUp(test);
    await start();
    const { now } = Date;
    for (const day of [-1, 1]) {
      const { starts } = gateway;
      gateway.failures.push(...Array.from({ length: 3 }, () => new Error('not yet')));
      gateway.end('gone');
      await until(() => gateway.starts > starts);
      const clock = test.mock.method(Date, 'now', () => now() + day * 86_400_000);
      await until(() => gateway.failures.length === 0 && state('gateway').state === 'healthy');
      clock.mock.restore();
    }
  });

  it('does not restart what is only unhealthy because what it needs is', async test => {
    const { database, events, rest, start, until, state } = setUp(test);
    await start();
    database.failures.push(...Array.from({ length: 6 }, () => new Error('disk full')));
    database.health = { ok: false, reason: 'process ended' };
    rest.health = { ok: false, reason: 'no database' };
    // As soon as the database is there, not when this test comes to look.
    database.onStart = () => {
      rest.health = { ok: true };
    };
    await until(() => database.starts === 8);
    await until(() => state('database').state === 'healthy' && state('rest').state === 'healthy');
    // It was ill for much longer than it takes to be restarted.
    const reasons = events.flatMap(event => (event.kind === 'startFailed' ? [event.reason] : []));
    assert.deepEqual(reasons, Array(6).fill('disk full'));
    assert.equal(rest.starts, 1);
  });

  it('waits longer from failure to failure', async test => {
    const { database, events, start, until } = setUp(test);
    await start();
    database.failures.push(...Array.from({ length: 4 }, () => new Error('no')));
    database.health = { ok: false, reason: 'process ended' };
    await until(() => database.starts >= 6);
    const waits = events.flatMap(event => (event.kind === 'startFailed' ? [event.retryInMs] : []));
    assert.deepEqual(waits, [20, 40, 80, 80]);
  });

  it('takes several looks to restart it', async test => {
    const { rest, start, until, state } = setUp(test);
    await start();
    let looks = 0;
    Object.defineProperty(rest, 'health', {
      get: () => ({ ok: rest.starts > 1, reason: `look ${++looks}` }),
      set: () => undefined,
    });
    await until(() => rest.starts === 2 && state('rest').state === 'healthy');
    assert.ok(looks >= 4, `${looks} looks`);
  });

  it('takes nothing from a look that it was itself late for', async test => {
    const { database, events, supervisor, start, state } = setUp(test);
    await start();
    events.length = 0;
    for (let round = 0; round < 5; round++) {
      // An answer that is there in time, but is looked for too late: the timer that gives up comes first.
      Object.defineProperty(database, 'health', {
        configurable: true,
        get: () => {
          const late = new Int32Array(new SharedArrayBuffer(4));
          setImmediate(() => Atomics.wait(late, 0, 0, 600));
          return sleep(300).then(() => ({ ok: false, reason: 'no answer within 0.3 s' }));
        },
      });
      await supervisor.check();
    }
    Object.defineProperty(database, 'health', { configurable: true, value: { ok: true } });
    assert.deepEqual(events, []);
    assert.equal(state('database').restarts, 0);
    assert.equal(database.starts, 1);
  });

  it('never restarts for ill health what starts itself again', async test => {
    const { mending, rest, start, until, state } = setUp(test);
    await start();
    mending.health = { ok: false, reason: 'slow' };
    rest.health = { ok: false, reason: 'stuck' };
    // The other one has been ill for no longer, and is restarted.
    await until(() => rest.starts === 2);
    assert.equal(state('mending').reason, 'slow');
    assert.equal(mending.starts, 1);
  });

  it('never restarts for ill health whose cause is elsewhere, and says so', async test => {
    const { events, rest, start, until, state } = setUp(test);
    await start();
    events.length = 0;
    let looks = 0;
    let elsewhere = true;
    Object.defineProperty(rest, 'health', {
      get: () => {
        looks++;
        const ill = { ok: false, reason: elsewhere ? 'too many clients' : 'stuck' };
        return rest.starts > 1 ? { ok: true } : elsewhere ? { ...ill, elsewhere } : ill;
      },
      set: () => undefined,
    });
    // Many times what it takes to be restarted.
    await until(() => looks >= 60);
    const { reason, restarts } = state('rest');
    assert.deepEqual([reason, state('rest').elsewhere, restarts], ['too many clients', true, 0]);
    assert.deepEqual(
      events.filter(event => 'service' in event && event.service === 'rest'),
      [{ kind: 'unhealthy', service: 'rest', reason: 'too many clients', elsewhere: true }],
    );
    elsewhere = false;
    await until(() => rest.starts === 2 && state('rest').state === 'healthy');
    assert.equal(state('rest').elsewhere, false);
  });

  it('starts again at once what ends, with what needs it, and waits longer when it ends again', async test => {
    const { events, database, rest, gateway, start, until, state } = setUp(test);
    await start();
    events.length = 0;
    rest.end('its process ended: signal SIGKILL');
    gateway.end('its process ended: signal SIGKILL');
    await until(() => rest.starts === 2 && gateway.starts === 2 && state('gateway').state === 'healthy');
    assert.deepEqual([rest.stops, gateway.stops, database.starts], [0, 0, 1]);
    assert.equal(state('rest').restarts, 1);
    assert.deepEqual(events[0], {
      kind: 'unhealthy',
      service: 'rest',
      reason: 'its process ended: signal SIGKILL',
    });
    rest.end('again');
    assert.equal(rest.starts, 2);
    // As an event, which stays: it may be well again before anybody has looked.
    await until(() => events.some(event => event.kind === 'unhealthy' && event.reason === 'again'));
    await until(() => rest.starts === 3 && state('rest').state === 'healthy');
  });

  it('brings back what only began after others, whatever ails these', async test => {
    const journal: string[] = [];
    const events: StackEvent[] = [];
    const backup = probe('backup', [], journal);
    const front = probe('front', [], journal, ['backup']);
    const supervisor = new Supervisor([front, backup], {
      onEvent: event => events.push(event),
      intervalMs: 10,
      patienceMs: 60_000,
      backoffMs: 20,
      maxBackoffMs: 80,
      stopMs: 200,
    });
    test.after(() => supervisor.stop());
    await supervisor.start(new AbortController().signal);
    assert.deepEqual(journal, ['+backup', '+front']);
    backup.health = { ok: false, reason: 'a test of a backup failed' };
    const stateOf = (name: string) => supervisor.statuses().find(status => status.name === name)!.state;
    while (stateOf('backup') !== 'unhealthy') await sleep(10);
    front.end('its process ended: signal SIGKILL');
    while (front.starts < 2 || stateOf('front') !== 'healthy') await sleep(10);
    assert.equal(stateOf('backup'), 'unhealthy');
  });

  it('fails the start of the stack when a service ends before it was well', async test => {
    const { rest, start, journal } = setUp(test);
    rest.onStart = () => {
      rest.health = { ok: false, reason: 'not yet' };
      rest.end('its process ended: Error: no catalog');
    };
    await assert.rejects(start(), /rest did not start: its process ended: Error: no catalog/);
    assert.deepEqual(journal, ['+database', '+rest', '-database']);
  });

  it('counts what a service mended itself', async test => {
    const { database, start, state } = setUp(test);
    await start();
    database.crash();
    assert.equal(state('database').restarts, 1);
    assert.equal(database.starts, 1);
  });

  it('has restarted a service when what rests on it is well again, and does not wait for what never is', async test => {
    const { database, rest, gateway, supervisor, start, until, state } = setUp(test);
    await start();
    await supervisor.hold('gateway');
    database.onStart = () => {
      rest.health = { ok: false, reason: 'no connection' };
    };
    let restarted = false;
    const restart = supervisor.restart('database').then(() => {
      restarted = true;
    });
    await until(() => state('database').restartsOnRequest === 1 && state('database').state === 'healthy');
    await until(() => state('rest').reason === 'no connection');
    assert.equal(restarted, false);
    rest.health = { ok: true };
    await restart;
    assert.equal(state('rest').state, 'healthy');
    assert.equal(gateway.starts, 1);
  });

  it('restarts one service on request, and knows its names', async test => {
    const { journal, supervisor, start, state } = setUp(test);
    await start();
    journal.length = 0;
    await supervisor.restart('rest');
    assert.equal(state('rest').restarts, 0);
    assert.equal(state('rest').restartsOnRequest, 1);
    assert.deepEqual(journal, ['-rest', '+rest']);
    await assert.rejects(supervisor.restart('rset'), /no service 'rset'/);
    journal.length = 0;
    await supervisor.restartAll();
    assert.deepEqual(journal, ['-gateway', '-rest', '-database', '+database', '+rest', '+gateway']);
  });

  it('leaves behind what does not stop in time', async test => {
    const { gateway, journal, events, supervisor, start } = setUp(test);
    await start();
    gateway.hangs = true;
    await supervisor.stop();
    assert.deepEqual(journal.slice(-2), ['-rest', '-database']);
    assert.ok(events.some(event => event.kind === 'notice' && /did not stop within/.test(event.text)));
  });
});
