import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../../client.ts';
import type { Row } from '../index.ts';
import type { Filter, Sort } from '../page.ts';

const PAGE = 100;
/** Pages kept in memory; those farthest from the view are asked for again. */
const MAX_PAGES = 40;

export interface View {
  readonly schema: string;
  readonly relation: string;
  readonly filters: readonly Filter[];
  readonly sort: readonly Sort[];
  /** Begins at the last row. */
  readonly fromEnd: boolean;
}

type Cursor = readonly (string | null)[] | null;

/** The rows of a view, more of them at either end as they are needed. */
export function useRows({ schema, relation, filters, sort, fromEnd }: View) {
  const query = useInfiniteQuery({
    queryKey: ['data/rows', schema, relation, filters, sort, fromEnd],
    queryFn: ({ pageParam, signal }) =>
      call(
        'data/rows',
        {
          schema,
          relation,
          filters: filters,
          sort: sort,
          cursor: pageParam.cursor,
          backwards: pageParam.backwards,
          limit: PAGE,
        },
        signal,
      ),
    initialPageParam: { cursor: null as Cursor, backwards: fromEnd },
    getNextPageParam: (last, _all, param) => {
      const cursor = param.backwards ? last.first : last.next;
      return cursor === null ? undefined : { cursor, backwards: false };
    },
    getPreviousPageParam: (first, _all, param) => {
      const cursor = param.backwards ? first.next : first.first;
      return cursor === null ? undefined : { cursor, backwards: true };
    },
    maxPages: MAX_PAGES,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  const rows = useMemo<readonly Row[]>(
    () => query.data?.pages.flatMap(page => page.rows) ?? [],
    [query.data],
  );
  return { query, rows, head: query.data?.pages[0] };
}
