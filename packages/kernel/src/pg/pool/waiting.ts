import type { Task } from '../wire/task.ts';

/** Tasks waiting for a connection, first in, first out. Those settled meanwhile (aborted) are skipped and not counted. */
export class WaitingQueue {
  #tasks: (Task | null)[] = [];
  #head = 0;
  #dead = 0;

  get size(): number {
    return this.#tasks.length - this.#head - this.#dead;
  }

  push(task: Task): void {
    task.queue = this;
    this.#tasks.push(task);
  }

  /** A task of the queue settled. It stays until it reaches the front, or until such are the most. */
  forget(): void {
    this.#dead++;
    if (this.#dead > 1000 && this.#dead > this.size) {
      this.#tasks = this.#tasks.filter(task => task && !task.settled);
      this.#head = 0;
      this.#dead = 0;
    }
  }

  /** The first unsettled task, left in place. */
  peek(): Task | null {
    while (this.#head < this.#tasks.length) {
      const task = this.#tasks[this.#head]!;
      if (!task.settled) return task;
      this.#dead--;
      this.#drop();
    }
    return null;
  }

  shift(): Task | null {
    const task = this.peek();
    if (!task) return null;
    task.queue = null;
    this.#drop();
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
