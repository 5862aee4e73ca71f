import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Icon } from '../../../ui/Icon.tsx';
import type { CatalogRelation } from '../catalog.ts';
import { compactNumber } from './numbers.ts';

const ICONS: Readonly<Record<CatalogRelation['kind'], string>> = {
  table: 'M3 4h14v12H3zM3 8h14M8 8v8',
  partitioned: 'M3 4h14v12H3zM3 8h14M3 12h14',
  view: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  materialized: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM7 10h6',
  foreign: 'M3 4h14v12H3zM7 10h6M11 8l2 2-2 2',
};

/** By schema; `/` begins to look for one. */
export function RelationList({
  relations,
  onRefresh,
}: {
  readonly relations: readonly CatalogRelation[];
  readonly onRefresh: () => void;
}) {
  const [search, setSearch] = useState('');
  const bySchema = useMemo(() => {
    const wanted = search.toLowerCase();
    const found = relations.filter(({ name, schema }) => `${schema}.${name}`.toLowerCase().includes(wanted));
    return Object.entries(Object.groupBy(found, ({ schema }) => schema));
  }, [relations, search]);
  return (
    <>
      <div className="bar">
        <input
          className="field"
          type="search"
          placeholder="Filter tables"
          aria-label="Filter tables"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
        <button
          type="button"
          className="button plain"
          aria-label="Read again"
          title="Read again"
          onClick={onRefresh}
        >
          <Icon path="M16 10a6 6 0 1 1-2-4.500M14 2v4h-4" />
        </button>
      </div>
      <div className="relations">
        {bySchema.map(([schema, those]) => (
          <details key={schema} open={those!.length < 200 || search !== ''}>
            <summary>
              {schema} <span className="dim">{those!.length}</span>
            </summary>
            <ul>
              {those!.map(({ name, kind, estimate, comment }) => (
                <li key={name}>
                  <Link
                    to={`/data/${encodeURIComponent(schema)}/${encodeURIComponent(name)}` as string}
                    activeProps={{ 'aria-current': 'page' }}
                    title={comment}
                  >
                    <Icon path={ICONS[kind]} />
                    <span>{name}</span>
                    {estimate !== null && estimate > 0 && (
                      <span className="dim">≈{compactNumber(estimate)}</span>
                    )}
                  </Link>
                </li>
              ))}
            </ul>
          </details>
        ))}
        {bySchema.length === 0 && search !== '' && <p className="dim none">Nothing is called so.</p>}
      </div>
    </>
  );
}
