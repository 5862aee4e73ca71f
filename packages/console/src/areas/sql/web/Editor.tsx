import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import type { CatalogRelation } from '../../data/catalog.ts';

export interface EditorHandle {
  /** The selection, or all. */
  chosen(): string;
}

interface Props {
  readonly ref: Ref<EditorHandle>;
  readonly initial: string;
  readonly relations: readonly CatalogRelation[];
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

const language = new Compartment();
const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '';

export function Editor({ ref, initial, relations, onChange, onRun }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, onRun });
  latest.current = { onChange, onRun };

  // biome-ignore lint/correctness/useExhaustiveDependencies: one editor for as long as the area is shown.
  useEffect(() => {
    const runScript = (): boolean => {
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: initial,
        extensions: [
          EditorView.cspNonce.of(nonce),
          keymap.of([
            { key: 'Mod-Enter', run: runScript },
            ...completionKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            indentWithTab,
          ]),
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          autocompletion(),
          // By class, so that its colours are the theme's.
          syntaxHighlighting(classHighlighter),
          language.of(sql({ dialect: PostgreSQL })),
          EditorView.contentAttributes.of({ 'aria-label': 'SQL' }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    made.focus();
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const schema: Record<string, Record<string, string[]>> = {};
    for (const relation of relations) {
      schema[relation.schema] ??= {};
      schema[relation.schema]![relation.name] = relation.columns.map(({ name }) => name);
    }
    view.current?.dispatch({
      effects: language.reconfigure(sql({ dialect: PostgreSQL, schema, defaultSchema: 'public' })),
    });
  }, [relations]);
  useImperativeHandle(ref, () => ({
    chosen() {
      const { state } = view.current!;
      const { main } = state.selection;
      return main.empty ? state.doc.toString() : state.sliceDoc(main.from, main.to);
    },
  }));
  return <div ref={place} className="editor" />;
}
