/** One table or view: its filters, its rows, what is typed and not written yet. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { isTyping } from '../../../ui/keys.ts';
import { Problem } from '../../../ui/Problem.tsx';
import { useMay } from '../../../ui/who.ts';
import { call } from '../../client.ts';
import type { Change } from '../changes.ts';
import type { Row } from '../index.ts';
import type { Filter, Sort } from '../page.ts';
import { EditBar } from './EditBar.tsx';
import {
  addRow,
  changesOf,
  countEdits,
  dropAdded,
  type Edits,
  inverseOf,
  NO_EDITS,
  setAdded,
  setCell,
  toggleRemoved,
} from './edits.ts';
import { FilterBar } from './FilterBar.tsx';
import { Grid } from './Grid.tsx';
import { keepEdits, keptEdits } from './journal.ts';
import { DATA_KEYS } from './keys.ts';
import { wholeNumber } from './numbers.ts';
import { Review } from './Review.tsx';
import { useRows } from './useRows.ts';

interface Undo {
  readonly changes: readonly Change[];
  readonly count: number;
}

export function RelationView({
  schema,
  relation: name,
}: {
  readonly schema: string;
  readonly relation: string;
}) {
  const place = `${schema}.${name}`;
  const queries = useQueryClient();
  const mayEdit = useMay('edit');
  const [filters, setFilters] = useState<readonly Filter[]>([]);
  const [sort, setSort] = useState<readonly Sort[]>([]);
  const [fromEnd, setFromEnd] = useState(false);
  const [exact, setExact] = useState(false);
  const [reviewing, setReviewing] = useState(false);
  const [edits, setEditsState] = useState<Edits>(() => keptEdits(place));
  const [undo, setUndo] = useState<Undo | null>(null);
  const { query, rows, head } = useRows({ schema, relation: name, filters, sort, fromEnd });
  const count = useQuery({
    queryKey: ['data/count', schema, name, filters, exact],
    queryFn: ({ signal }) => call('data/count', { schema, relation: name, filters: filters, exact }, signal),
  });
  const relation = head?.relation;
  const setEdits = useCallback(
    (next: Edits) => {
      keepEdits(place, next);
      setEditsState(next);
    },
    [place],
  );

  const commit = useMutation({
    mutationFn: async (changes: readonly Change[]) => ({
      changes,
      done: await call('data/commit', { schema, relation: name, changes }),
    }),
    onSuccess: async ({ changes, done }) => {
      setEdits(NO_EDITS);
      setReviewing(false);
      const key = relation?.key ?? [];
      const inverse = inverseOf(
        done.changes,
        changes.map(({ kind }) => kind),
        image => (key.length === 0 ? null : key.map(column => image[column]!)),
        column => relation?.columns.find(each => each.name === column)?.generated === false,
      );
      setUndo(inverse === null ? null : { changes: inverse, count: inverse.length });
      await queries.invalidateQueries({ queryKey: ['data/rows', schema, name] });
    },
  });
  const isEditable =
    mayEdit &&
    head !== undefined &&
    head.keyKind === 'key' &&
    ['table', 'partitioned', 'foreign'].includes(head.relation.kind);
  const write = (): void => {
    if (countEdits(edits) > 0) commit.mutate(changesOf(edits));
  };
  const latest = useRef({ write, review: () => setReviewing(true), has: countEdits(edits) > 0 });
  latest.current = { write, review: () => setReviewing(true), has: countEdits(edits) > 0 };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const wanted = DATA_KEYS.commit.matches(event)
        ? 'write'
        : DATA_KEYS.review.matches(event)
          ? 'review'
          : null;
      if (wanted === null || (event.key.length === 1 && !event.ctrlKey && !event.metaKey && isTyping(event)))
        return;
      event.preventDefault();
      if (latest.current.has) latest.current[wanted]();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const sortBy = (column: string): void => {
    const now = sort.find(each => each.column === column);
    setSort(
      now === undefined
        ? [{ column, descending: false }]
        : now.descending
          ? []
          : [{ column, descending: true }],
    );
  };
  const old = (row: Row, column: string): string | null =>
    row.cells[relation!.columns.findIndex(each => each.name === column)] ?? null;

  return (
    <section className="relation" aria-label={place}>
      <div className="bar">
        <FilterBar columns={relation?.columns ?? []} filters={filters} onChange={setFilters} />
        <span className="space" />
        {count.data !== undefined && (
          <button
            type="button"
            className="button plain"
            title={count.data.exact ? 'Counted' : 'Estimated: count them'}
            onClick={() => setExact(true)}
          >
            {count.data.exact ? '' : '≈'}
            {wholeNumber(count.data.rows)} rows
          </button>
        )}
        <button type="button" className="button" aria-pressed={fromEnd} onClick={() => setFromEnd(!fromEnd)}>
          {fromEnd ? 'To the first' : 'To the last'}
        </button>
        {isEditable && (
          <button type="button" className="button" onClick={() => setEdits(addRow(edits))}>
            Add a row
          </button>
        )}
      </div>
      <div className={query.isFetching ? 'busy' : 'idle'} />
      {query.isError && <Problem error={query.error} onRetry={() => query.refetch()} />}
      {commit.isError && <Problem error={commit.error} />}
      {relation !== undefined && (
        <Grid
          relation={relation}
          rows={rows}
          total={count.data?.rows ?? rows.length}
          sort={sort}
          edits={edits}
          isEditable={isEditable}
          startsAtEnd={fromEnd}
          onSort={sortBy}
          onCell={(row, column, value) => setEdits(setCell(edits, row.key, column, old(row, column), value))}
          onAdded={(n, column, value) => setEdits(setAdded(edits, n, column, value))}
          onDrop={n => setEdits(dropAdded(edits, n))}
          onRemove={row =>
            setEdits(
              toggleRemoved(
                edits,
                row.key,
                Object.fromEntries(
                  relation.columns.flatMap(({ name }, n) =>
                    row.cut.includes(n) ? [] : [[name, row.cells[n] ?? null]],
                  ),
                ),
              ),
            )
          }
          onNeedMore={() => query.hasNextPage && !query.isFetchingNextPage && query.fetchNextPage()}
          onNeedEarlier={() =>
            query.hasPreviousPage && !query.isFetchingPreviousPage && query.fetchPreviousPage()
          }
        />
      )}
      <EditBar
        count={countEdits(edits)}
        busy={commit.isPending}
        undo={undo?.count ?? 0}
        onReview={() => setReviewing(true)}
        onCommit={write}
        onDiscard={() => {
          commit.reset();
          setEdits(NO_EDITS);
        }}
        onUndo={() => undo && commit.mutate(undo.changes)}
      />
      {reviewing && (
        <Review
          schema={schema}
          relation={name}
          changes={changesOf(edits)}
          busy={commit.isPending}
          onCommit={write}
          onClose={() => setReviewing(false)}
        />
      )}
    </section>
  );
}
