/**
 * Notifications on their way. One is written down with the change that it tells of, in the same transaction, and struck
 * out when its target has taken it: a crash loses none, and may bring one twice. A target that is down has its own come
 * to it when it is back, in their order; when more wait than its queue may hold, further ones are dropped and counted.
 */
import { pause } from '@peakstone/kernel/service';
import type { Emit } from '../events.ts';
import type { Index, Writes } from '../store/index/index.ts';
import { textKey } from '../store/index/keys.ts';
import { CorruptionError, decodeRow, encodeRow, type NotificationRule } from '../store/rows.ts';
import type { Sequence } from '../store/sequence.ts';
import { arnOf, type Webhook } from '../webhooks.ts';

const sentAtOnce = 16;
const timeoutMs = 30_000;
const firstPauseMs = 500;
const maxPauseMs = 30_000;
const countedAtOnce = 1000;

interface Target {
  readonly webhook: Webhook;
  readonly arn: string;
  waiting: number;
  isDown: boolean;
  wake: () => void;
}

export class Notifier {
  readonly #index: Index;
  readonly #sequence: Sequence;
  readonly #emit: Emit;
  readonly #targets: ReadonlyMap<string, Target>;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  dropped = 0;

  constructor(
    index: Index,
    sequence: Sequence,
    webhooks: readonly Webhook[],
    region: string | undefined,
    emit: Emit,
  ) {
    this.#index = index;
    this.#sequence = sequence;
    this.#emit = emit;
    this.#targets = new Map(
      webhooks.map(webhook => {
        const arn = arnOf(webhook, region);
        return [arn, { webhook, arn, waiting: this.#count(arn), isDown: false, wake: () => undefined }];
      }),
    );
  }

  get arns(): string[] {
    return [...this.#targets.keys()];
  }

  get waiting(): number {
    return [...this.#targets.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** As MinIO's setting would be written, without its token. */
  get settings(): string {
    const all = [...this.#targets.values()].map(
      ({ webhook }) =>
        `${webhook.id} enable=on endpoint=${webhook.endpoint} queue_limit=${webhook.queueLimit}`,
    );
    return all.join(' ') || 'enable=off endpoint=';
  }

  /** By kind and name, whether the last attempt was taken. */
  status(): object[] {
    if (this.#targets.size === 0) return [];
    return [
      {
        webhook: [...this.#targets.values()].map(({ webhook, isDown }) => ({
          [webhook.id]: { status: isDown ? 'offline' : 'online' },
        })),
      },
    ];
  }

  start(): void {
    this.#running = Promise.all([...this.#targets.values()].map(target => this.#serve(target)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const { wake } of this.#targets.values()) wake();
    await this.#running;
  }

  /** Part of the change that is told of. @param event made only where somebody is to be told */
  announce(writes: Writes, rules: readonly NotificationRule[], event: () => object): void {
    let bytes: Buffer | undefined;
    for (const arn of new Set(rules.map(rule => rule.arn))) {
      const target = this.#targets.get(arn);
      if (target === undefined) continue;
      if (target.waiting >= target.webhook.queueLimit) {
        if (this.dropped++ === 0) this.#emit({ kind: 'notificationDropped', arn, waiting: target.waiting });
        continue;
      }
      bytes ??= encodeRow(event());
      writes.put('notifications', placeOf(arn, this.#sequence.next()), bytes);
      writes.after(() => {
        target.waiting++;
        target.wake();
      });
    }
  }

  async #serve(target: Target): Promise<void> {
    const { signal } = this.#stop;
    for (let pauseMs = firstPauseMs; !signal.aborted; ) {
      const entries = this.#index.range(
        'notifications',
        placeOf(target.arn, 0),
        endOf(target.arn),
        sentAtOnce,
      );
      if (entries.length === 0) {
        await new Promise<void>(resolve => {
          target.wake = resolve;
        });
        target.wake = () => undefined;
        continue;
      }
      const sent: Buffer[] = [];
      let failure: unknown;
      try {
        for (const { key, value } of entries) {
          const event = this.#read(target, value);
          if (event !== undefined) await this.#send(target, event);
          sent.push(key);
        }
      } catch (error) {
        failure = error;
      }
      await this.#strike(target, sent);
      if (signal.aborted) return;
      if (failure === undefined) {
        pauseMs = firstPauseMs;
        if (target.isDown) this.#emit({ kind: 'notificationTarget', arn: target.arn, error: undefined });
        target.isDown = false;
        continue;
      }
      if (!target.isDown) this.#emit({ kind: 'notificationTarget', arn: target.arn, error: failure });
      target.isDown = true;
      await pause(pauseMs, signal);
      pauseMs = Math.min(maxPauseMs, pauseMs * 2);
    }
  }

  /** One that is damaged is told, and nobody waits for it. */
  #read({ arn }: Target, bytes: Buffer): object | undefined {
    try {
      return decodeRow<object>(bytes);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#emit({ kind: 'corruption', what: `a notification for ${arn}`, error });
      return undefined;
    }
  }

  /** @throws when it was not taken */
  async #send({ webhook: { endpoint, authToken } }: Target, event: object): Promise<void> {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'MinIO (PeakStone)',
        ...(authToken && { authorization: authToken.includes(' ') ? authToken : `Bearer ${authToken}` }),
      },
      body: JSON.stringify(event),
      redirect: 'manual',
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  }

  async #strike(target: Target, keys: readonly Buffer[]): Promise<void> {
    if (keys.length === 0) return;
    try {
      await this.#index.change({ alone: [] }, writes => {
        for (const key of keys) writes.remove('notifications', key);
      });
      target.waiting = Math.max(0, target.waiting - keys.length);
    } catch (error) {
      // A full disk: they will be sent again.
      this.#emit({ kind: 'backgroundFailed', error });
    }
  }

  #count(arn: string): number {
    let count = 0;
    for (let from = placeOf(arn, 0); ; ) {
      const keys = this.#index.keys('notifications', from, endOf(arn), countedAtOnce);
      count += keys.length;
      if (keys.length < countedAtOnce) return count;
      from = Buffer.concat([keys.at(-1)!, Buffer.of(0)]);
    }
  }
}

function placeOf(arn: string, sequence: number): Buffer {
  return textKey(`${arn}\0${sequence.toString(16).padStart(16, '0')}`);
}

function endOf(arn: string): Buffer {
  return textKey(`${arn}\x01`);
}
