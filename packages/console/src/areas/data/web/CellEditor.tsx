import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { CatalogColumn } from '../catalog.ts';
import type { CellValue } from '../changes.ts';

interface Props {
  readonly column: CatalogColumn;
  readonly value: CellValue;
  /** Undefined: as it was. */
  readonly onDone: (value: CellValue | undefined) => void;
}

/** Enter keeps, Esc leaves, and NULL and DEFAULT are chosen rather than typed. */
export function CellEditor({ column, value, onDone }: Props) {
  const field = useRef<HTMLTextAreaElement & HTMLSelectElement>(null);
  const [text, setText] = useState(typeof value === 'string' ? value : '');
  useEffect(() => {
    field.current?.focus();
    field.current?.select?.();
  }, []);
  const press = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'Escape') onDone(undefined);
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onDone(text);
    } else if (event.key === 'Tab') onDone(text);
  };
  const leave = (): void =>
    onDone(
      typeof value === 'string' && text === value
        ? undefined
        : typeof value !== 'string' && text === ''
          ? undefined
          : text,
    );
  const labels = column.labels ?? (column.category === 'B' ? ['true', 'false'] : undefined);
  return (
    <span className="cell-editor">
      {labels === undefined ? (
        <textarea
          ref={field}
          aria-label={column.name}
          rows={Math.min(8, text.split('\n').length)}
          value={text}
          onChange={event => setText(event.target.value)}
          onKeyDown={press}
          onBlur={leave}
        />
      ) : (
        <select
          ref={field}
          aria-label={column.name}
          value={text}
          onChange={event => onDone(event.target.value)}
          onKeyDown={press}
          onBlur={() => onDone(undefined)}
        >
          {!labels.includes(text) && <option value={text}>{text}</option>}
          {labels.map(label => (
            <option key={label}>{label}</option>
          ))}
        </select>
      )}
      {/* The field must not lose what is typed to a click beside it. */}
      {!column.notNull && (
        <button type="button" onMouseDown={event => event.preventDefault()} onClick={() => onDone(null)}>
          NULL
        </button>
      )}
      {column.hasDefault && (
        <button
          type="button"
          onMouseDown={event => event.preventDefault()}
          onClick={() => onDone({ default: true })}
        >
          DEFAULT
        </button>
      )}
    </span>
  );
}
