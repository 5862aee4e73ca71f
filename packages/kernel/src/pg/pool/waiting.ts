import type { Task } from '../wire/task.ts';

/** Tasks waiting for a connection, first in, first out. Those settled meanwhile (aborted) are skipped. */
export class WaitingQueue {
  #tasks: (Task | null)[] = [];
  #head = 0;

  /** Entries held, settled ones included until they reach the front. */
  get size(): number {
    return this.#tasks.length - this.#head;
  }

  push(task: Task): void {
    this.#tasks.push(task);
  }

  /** The first unsettled task, left in place. */
  peek(): Task | null {
    while (this.#head < this.#tasks.length) {
      const task = this.#tasks[this.#head]!;
      if (!task.settled) return task;
      this.#drop();
    }
    return null;
  }

  shift(): Task | null {
    const task = this.peek();
    if (task) this.#drop();
    return task;
  }

  #drop(): void {
    this.#tasks[this.#head++] = null;
    if (this.#head === this.#tasks.length) {
      this.#tasks = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
  }
}
