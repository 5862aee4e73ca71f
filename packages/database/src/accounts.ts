import { isDeepStrictEqual } from 'node:util';
import type { LoginRole } from '@peakstone/kernel/inventory';
import type { DatabaseConfig } from './config.ts';

/** The passwords that the accounts of a running server have; the settings may get others meanwhile. */
export class Accounts {
  readonly #bootstrap: (config: DatabaseConfig, signal: AbortSignal) => Promise<unknown>;
  #config: DatabaseConfig;

  /** @param config of the server's start @param bootstrap gives the accounts a configuration's passwords */
  constructor(
    config: DatabaseConfig,
    bootstrap: (config: DatabaseConfig, signal: AbortSignal) => Promise<unknown>,
  ) {
    this.#config = config;
    this.#bootstrap = bootstrap;
  }

  passwordOf(role: LoginRole): string {
    return this.#config.passwords[role];
  }

  /** Costs nothing where none is another; everything but passwords stays as it was at the start. */
  async adopt({ passwords, superuserPassword }: DatabaseConfig, signal: AbortSignal): Promise<void> {
    const { passwords: old, superuserPassword: oldSuperuser } = this.#config;
    if (isDeepStrictEqual([passwords, superuserPassword], [old, oldSuperuser])) return;
    const changed = { ...this.#config, passwords, superuserPassword };
    await this.#bootstrap(changed, signal);
    this.#config = changed;
  }
}
