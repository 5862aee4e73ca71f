import { LogFile } from './logFile.ts';

/** The log files of one stack, one a service. */
export class StackLogs {
  readonly #folder: string;
  readonly #files = new Map<string, LogFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return [...this.#files.values()].reduce((sum, file) => sum + file.dropped, 0);
  }

  write(service: string, line: string): void {
    this.#file(service).write(line);
  }

  /** Where a service's logger writes to. */
  stream(service: string): { write(text: string): void } {
    const file = this.#file(service);
    return { write: text => file.writeChunk(text) };
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #file(service: string): LogFile {
    let file = this.#files.get(service);
    if (!file) {
      file = new LogFile(this.#folder, service);
      this.#files.set(service, file);
    }
    return file;
  }
}
