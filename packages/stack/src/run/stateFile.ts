import type { StackPaths } from '../project/paths.ts';
import { describeProcess } from './orphans.ts';
import type { StackPlan } from './plan.ts';
import type { ServiceProcess } from './process/process.ts';
import type { StackFolder } from './stackFolder.ts';
import { removeState, writeState } from './state.ts';

/** Keeps what other processes are told of this stack as it is. */
export class StateFile {
  readonly startedAt = new Date().toISOString();
  readonly #paths: StackPaths;
  readonly #folder: StackFolder;
  readonly #plan: StackPlan;
  readonly #processes: ReadonlyMap<string, ServiceProcess>;
  #open = false;

  constructor(
    paths: StackPaths,
    folder: StackFolder,
    plan: StackPlan,
    processes: ReadonlyMap<string, ServiceProcess>,
  ) {
    this.#paths = paths;
    this.#folder = folder;
    this.#plan = plan;
    this.#processes = processes;
  }

  begin(): void {
    this.#open = true;
    this.write();
  }

  write(): void {
    // Where the folder was there is none to write it in.
    if (!this.#open || this.#folder.isMoved) return;
    const pids = [...this.#processes.values()].flatMap(({ pid }) => pid ?? []);
    writeState(this.#paths, {
      version: 1,
      pid: process.pid,
      startedAt: this.startedAt,
      host: this.#plan.host,
      ports: this.#plan.ports,
      control: this.#paths.control,
      data: this.#folder.data,
      processes: pids.map(describeProcess),
    });
  }

  end(): void {
    this.#open = false;
    // In its old place a successor may have begun.
    if (!this.#folder.isMoved) removeState(this.#paths);
  }
}
