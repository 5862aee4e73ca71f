/** The editor, and below it what its scripts answer. What is typed is kept by the tab until it is cleared. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { commandKey, keyGroups } from '../../../ui/keys.ts';
import { call } from '../../client.ts';
import { Editor, type EditorHandle } from './Editor.tsx';
import { Results } from './Results.tsx';
import { useRun } from './useRun.ts';
import './sql.css';

export const SQL_KEYS = {
  run: commandKey('Enter', 'Run the selection, or all'),
  cancel: commandKey('.', 'Cancel'),
} as const;
keyGroups.set('SQL', Object.values(SQL_KEYS));

const KEY = 'peakstone.sql';

export default function SqlArea() {
  const editor = useRef<EditorHandle>(null);
  const { run, cancel, state } = useRun();
  const catalog = useQuery({
    queryKey: ['data/catalog'],
    queryFn: ({ signal }) => call('data/catalog', {}, signal),
  });
  const [text] = useState(() => sessionStorage.getItem(KEY) ?? '');
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!SQL_KEYS.cancel.matches(event)) return;
      event.preventDefault();
      cancel();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [cancel]);
  const start = (): void => {
    const script = editor.current?.chosen() ?? '';
    if (script.trim() !== '') run(script);
  };
  return (
    <div className="sql">
      <div className="bar">
        <button type="button" className="button primary" disabled={state.running} onClick={start}>
          Run <kbd>{SQL_KEYS.run.label}</kbd>
        </button>
        <button type="button" className="button" disabled={!state.running} onClick={cancel}>
          Cancel <kbd>{SQL_KEYS.cancel.label}</kbd>
        </button>
        <span className="space" />
        <span className="dim" role="status">
          {state.running ? `Running, ${state.rows} rows` : state.ms === null ? '' : `${state.ms} ms`}
        </span>
      </div>
      <Editor
        ref={editor}
        initial={text}
        relations={catalog.data ?? []}
        onChange={next => sessionStorage.setItem(KEY, next)}
        onRun={start}
      />
      <div className={state.running ? 'busy' : 'idle'} />
      <Results state={state} />
    </div>
  );
}
