/** JSON that is written piece by piece, up to a bound, and goes to the client as it was written. */
import { HasuraError, type Path } from '../errors.ts';

const chunkLength = 32_768;

/** What one operation may have written, whichever of its fields it asks by. */
export interface Budget {
  readonly maxBytes: number;
  /** Written so far. */
  bytes: number;
  objects: number;
}

export class JsonParts {
  readonly #budget: Budget;
  readonly #path: Path;
  readonly #chunks: Uint8Array[] = [];
  #text = '';

  constructor(budget: Budget, path: Path) {
    this.#budget = budget;
    this.#path = path;
  }

  /** @throws {HasuraError} validation-failed beyond the bound */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= chunkLength) this.#flush();
  }

  finish(): readonly Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  #flush(): void {
    const chunk = Buffer.from(this.#text);
    this.#text = '';
    this.#budget.bytes += chunk.length;
    if (this.#budget.bytes > this.#budget.maxBytes) throw tooMuch(this.#path);
    this.#chunks.push(chunk);
  }
}

/** More than any tool asks of a schema. */
export function tooMuch(path: Path): HasuraError {
  return new HasuraError('validation-failed', 'the introspection asks for too much: nest it less deeply', {
    path,
  });
}
