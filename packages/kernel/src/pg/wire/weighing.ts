/**
 * What a prepared statement keeps, asked of the server: how it was read, with the views it names written out, and its plan.
 *
 * A short text may stand for much: of a table with 500 partitions 1 to 2 MB are kept, of a view over 60 tables 4, and of functions
 * that are written out and policies whatever they hold. So each text is weighed once in a pool's life, by the exchange that
 * names it first: between its Parse and its run EXPLAIN plans it as PostgreSQL does what is executed often, for any values, and
 * tells what that took. Of a plan that is there already it would tell nothing.
 *
 * Measured on 17 with `pg_backend_memory_contexts` over reads and writes of tables, partitions, views that join, unite and
 * compute, and functions that are written out: what is kept is 0.22 to 0.52 of what planning took, and 28 KB.
 */
import type { Cell } from '../types.ts';
import type { Prepared } from './statements.ts';

const anyBytes = 28 * 1024;
const keptShare = 0.5;

/** Behind a plan: `Memory: used=31kB  allocated=32kB`. */
const told = /^\s*Memory: used=(\d+)kB/;

/** Plans of the first executions are for their values alone, and smaller where those rule partitions out. */
const planForAnyValues = `select pg_catalog.set_config('peakstone.plan_cache_mode', pg_catalog.current_setting('plan_cache_mode'), true), pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)`;
const planAsBefore = `select pg_catalog.set_config('plan_cache_mode', pg_catalog.current_setting('peakstone.plan_cache_mode'), true)`;

/** How an exchange weighs one of its statements: further steps right before it, when it is parsed but has not run. */
export class Weighing {
  readonly prepared: Prepared;
  readonly steps: readonly string[];
  readonly #first: number;
  /** Rules make one statement several. */
  #plannedBytes = 0;

  /** `first` is the place of its steps in the exchange. */
  constructor(prepared: Prepared, parameters: number, first: number) {
    this.prepared = prepared;
    this.#first = first;
    const values = parameters === 0 ? '' : `(null${',null'.repeat(parameters - 1)})`;
    this.steps = [
      planForAnyValues,
      `explain (memory, costs off) execute ${prepared.name}${values}`,
      planAsBefore,
    ];
  }

  /** Whether `step` is one of its own. */
  includes(step: number): boolean {
    return step >= this.#first && step < this.#first + this.steps.length;
  }

  /** Whether the next Parse and Describe to be answered are the statement's, which are sent before the first step. */
  isParsing(step: number): boolean {
    return step === this.#first && this.prepared.fields === null;
  }

  /** How many of its steps come before `step`. */
  before(step: number): number {
    return Math.max(0, Math.min(this.steps.length, step - this.#first));
  }

  /** A row that `step` gave. */
  row(step: number, [cell]: readonly Cell[]): void {
    const found = step === this.#first + 1 && cell ? told.exec(cell.toString('latin1')) : null;
    if (found) this.#plannedBytes += Number(found[1]) * 1024;
  }

  /** What the server keeps of the statement. */
  get bytes(): number {
    return Math.round(anyBytes + keptShare * this.#plannedBytes);
  }
}
