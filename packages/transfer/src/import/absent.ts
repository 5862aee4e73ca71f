import { aside, type Decision } from './decision.ts';
import { type ObjectName, showName } from './names.ts';
import { ABSENT } from './platform.ts';

/** What of a dump needs an extension that this server lacks. */
export class AbsentExtensions {
  readonly #types: RegExp | null;
  readonly #methods: ReadonlySet<string>;

  /** @param absent Extensions with the schema that the dump has them in. */
  constructor(absent: readonly (readonly [name: string, schema: string])[]) {
    this.#types = typesPattern(absent);
    this.#methods = new Set(absent.flatMap(([name]) => ABSENT[name]?.methods ?? []));
  }

  /** Whether a statement names one of their types. */
  isUsedBy(text: string): boolean {
    return this.#types?.test(text) === true;
  }

  isNeededForIndex(method: string, text: string): boolean {
    if (this.#methods.has(method) || this.isUsedBy(text)) return true;
    return this.#types !== null && /\b(?:vector|halfvec|sparsevec|gist_geometry)\w*_ops\b/i.test(text);
  }

  /** A statement with text in the place of their types, whose values it can hold. */
  withText(text: string): string {
    return this.#types === null ? text : text.replace(new RegExp(this.#types, 'gi'), 'text');
  }

  /** The types that a statement names. */
  namesIn(text: string): string {
    const found = this.#types === null ? [] : (text.match(new RegExp(this.#types, 'gi')) ?? []);
    return [...new Set(found.map(name => name.replace(/\(.*$/, '')))].join(', ');
  }

  aside(what: string, object: ObjectName, text: string): Decision {
    return aside(
      what,
      showName(object),
      `uses ${this.namesIn(text)}, of an extension that is not part of this server`,
    );
  }
}

/** Matches the types of extensions that are not there, as a dump names them: with their schema. */
function typesPattern(absent: readonly (readonly [name: string, schema: string])[]): RegExp | null {
  const alternatives = absent.flatMap(([name, schema]) =>
    (ABSENT[name]?.types ?? []).map(type => String.raw`"?${escapePattern(schema)}"?\."?${type}"?`),
  );
  if (alternatives.length === 0) return null;
  return new RegExp(String.raw`(?<![\w."$])(?:${alternatives.join('|')})(?![\w"])(?:\([^)]*\))?`, 'i');
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
