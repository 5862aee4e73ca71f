import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Icon } from '../../../ui/Icon.tsx';
import { isTyping } from '../../../ui/keys.ts';
import type { CatalogColumn } from '../catalog.ts';
import { COMPARISONS } from '../comparisons.ts';
import type { Filter } from '../page.ts';

interface Props {
  readonly columns: readonly CatalogColumn[];
  readonly filters: readonly Filter[];
  readonly onChange: (filters: readonly Filter[]) => void;
}

/** Conditions that all hold, each a chip; `/` begins another. */
export function FilterBar({ columns, filters, onChange }: Props) {
  const [column, setColumn] = useState('');
  const [operator, setOperator] = useState<Filter['operator']>('=');
  const [value, setValue] = useState('');
  const field = useRef<HTMLSelectElement>(null);
  const takesValue = !operator.startsWith('is ');
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== '/' || isTyping(event)) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const chosen = column || columns[0]?.name;
    if (chosen === undefined) return;
    onChange([...filters, { column: chosen, operator, ...(takesValue && { value }) }]);
    setValue('');
  };
  return (
    <form className="filters" onSubmit={submit}>
      {filters.map((filter, n) => (
        <button
          key={n}
          type="button"
          className="chip"
          aria-label={`Without ${filter.column} ${filter.operator} ${filter.value ?? ''}`}
          onClick={() => onChange(filters.filter((_, each) => each !== n))}
        >
          {filter.column} {filter.operator} {filter.value}
          <Icon path="m6 6 8 8M14 6l-8 8" />
        </button>
      ))}
      <select
        ref={field}
        className="field"
        aria-label="Column"
        value={column}
        onChange={event => setColumn(event.target.value)}
      >
        {columns.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        className="field"
        aria-label="Comparison"
        value={operator}
        onChange={event => setOperator(event.target.value as Filter['operator'])}
      >
        {COMPARISONS.map(each => (
          <option key={each}>{each}</option>
        ))}
      </select>
      {takesValue && (
        <input
          className="field"
          aria-label="Value"
          placeholder={operator === 'in' ? 'a, b, c' : 'value'}
          value={value}
          onChange={event => setValue(event.target.value)}
        />
      )}
      <button type="submit" className="button">
        Filter
      </button>
    </form>
  );
}
