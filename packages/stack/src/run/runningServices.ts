import type { Health } from '@peakstone/kernel/service';
import type { EnvValues } from '../project/envFile.ts';
import type { Facts, RunningService } from '../services/local.ts';

/** What is up at the moment, in whatever process; restarts replace it. */
export class RunningServices {
  readonly #running = new Map<string, RunningService>();

  arrive(name: string, running: RunningService): void {
    this.#running.set(name, running);
  }

  leave(name: string): void {
    this.#running.delete(name);
  }

  async health(name: string): Promise<Health> {
    return (await this.#running.get(name)?.health()) ?? { ok: false, reason: 'not running' };
  }

  /** What the services that are up have told. */
  facts(): Facts {
    return Object.assign({}, ...[...this.#running.values()].map(running => running.facts?.()));
  }

  /** Resolves when all that is up has taken over these settings, as far as others log in with them. */
  async adoptSecrets(env: EnvValues, signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#running.values()].map(running => running.adoptSecrets?.(env, signal)));
  }

  /** Resolves when every service serves what the others have now. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#running.values()].map(running => running.refresh?.()));
  }
}
