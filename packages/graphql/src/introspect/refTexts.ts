/** How types are referred to, as JSON that is written once. */
import type { ResolvedSelection } from '../resolve/selection.ts';
import { showType, type TypeRef } from '../schema/types.ts';
import { type Members, plain, type Value } from './members.ts';

export interface RefText {
  readonly text: string;
  readonly objects: number;
}

/**
 * Most of an introspection is of which type something is, the same few words again and again: where no more is asked of a
 * type than its name and what it wraps, they are written once.
 */
export class RefTexts {
  readonly #members: Members;
  readonly #isPlain = new Map<ResolvedSelection, boolean>();
  readonly #texts = new Map<ResolvedSelection, Map<string, RefText>>();

  constructor(members: Members) {
    this.#members = members;
  }

  /** Null where more is asked. */
  textOf(ref: TypeRef, selection: ResolvedSelection): RefText | null {
    if (!this.#asksPlain(selection)) return null;
    let texts = this.#texts.get(selection);
    if (!texts) {
      texts = new Map();
      this.#texts.set(selection, texts);
    }
    const key = showType(ref);
    let found = texts.get(key);
    if (!found) {
      found = this.#write(ref, selection);
      texts.set(key, found);
    }
    return found;
  }

  #asksPlain(selection: ResolvedSelection): boolean {
    let found = this.#isPlain.get(selection);
    if (found === undefined) {
      found =
        selection.kind === 'object' &&
        selection.fields.every(
          ({ def: { means }, selection: below }) =>
            below === null ||
            (means.kind === 'introspection' && means.member === 'ofType' && this.#asksPlain(below)),
        );
      this.#isPlain.set(selection, found);
    }
    return found;
  }

  /** As deep as the type wraps others, whatever is asked. */
  #write(ref: TypeRef, selection: ResolvedSelection): RefText {
    let text = '';
    let objects = 1;
    for (const { alias, def, selection: below } of selection.kind === 'object' ? selection.fields : []) {
      const value: Value =
        def.means.kind === 'introspection'
          ? this.#members.of(def.means.member, { kind: 'ref', ref })
          : plain(def.means.kind === 'typename' ? '__Type' : null);
      text += `${text === '' ? '{' : ','}"${alias}":`;
      if (value.kind === 'plain') text += JSON.stringify(value.value);
      else if (value.kind === 'one' && value.source?.kind === 'ref' && below) {
        const inner = this.textOf(value.source.ref, below);
        text += inner?.text ?? 'null';
        objects += inner?.objects ?? 0;
      } else text += 'null';
    }
    return { text: text === '' ? '{}' : `${text}}`, objects };
  }
}
