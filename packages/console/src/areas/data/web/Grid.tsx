/**
 * Rows as a grid that is moved in by keys: only what is in view is in the document, whatever there is. One cell has the focus;
 * Enter edits it, Esc leaves it as it was.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { CatalogRelation } from '../catalog.ts';
import type { CellValue } from '../changes.ts';
import type { Row } from '../index.ts';
import type { Sort } from '../page.ts';
import { CellEditor } from './CellEditor.tsx';
import { type Edits, rowKey } from './edits.ts';

interface Props {
  readonly relation: CatalogRelation;
  readonly rows: readonly Row[];
  /** As far as is known, for readers of the screen. */
  readonly total: number;
  readonly sort: readonly Sort[];
  readonly edits: Edits;
  readonly isEditable: boolean;
  readonly startsAtEnd: boolean;
  readonly onSort: (column: string) => void;
  readonly onCell: (row: Row, column: string, value: CellValue) => void;
  readonly onAdded: (n: number, column: string, value: CellValue) => void;
  readonly onRemove: (row: Row) => void;
  /** Takes back a row that was added. */
  readonly onDrop: (n: number) => void;
  readonly onNeedMore: () => void;
  readonly onNeedEarlier: () => void;
}

const ROW_HEIGHT = 28;
const NUMBER_WIDTH = 44;

export function Grid(props: Props) {
  const { relation, rows, total, sort, edits, isEditable, startsAtEnd } = props;
  const { columns } = relation;
  const { added } = edits;
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const [editing, setEditing] = useState(false);
  const length = added.length + rows.length;
  const vertical = useVirtualizer({
    count: length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: n => widthOf(columns[n]!.type, columns[n]!.name),
    scrollMargin: NUMBER_WIDTH,
    overscan: 4,
  });
  const shown = vertical.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in view decides, and nothing else.
  useEffect(() => {
    if (last >= length - 20) props.onNeedMore();
    if (first <= 5) props.onNeedEarlier();
  }, [first, last, length]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for a view, when its rows are there.
  useLayoutEffect(() => {
    if (length > 0) vertical.scrollToIndex(startsAtEnd ? length - 1 : 0);
  }, [startsAtEnd]);

  const move = (row: number, column: number): void => {
    const next = { row: clamp(row, 0, length - 1), column: clamp(column, 0, columns.length - 1) };
    setAt(next);
    vertical.scrollToIndex(next.row);
    horizontal.scrollToIndex(next.column);
  };
  const valueAt = (row: number, column: number): CellValue => {
    const { name } = columns[column]!;
    if (row < added.length) return added[row]![name] ?? { default: true };
    const found = rows[row - added.length]!;
    const edit = edits.rows.get(rowKey(found));
    return edit !== undefined && name in edit.set ? edit.set[name]! : (found.cells[column] ?? null);
  };
  const set = (row: number, column: number, value: CellValue): void => {
    const { name } = columns[column]!;
    if (row < added.length) props.onAdded(row, name, value);
    else props.onCell(rows[row - added.length]!, name, value);
  };
  const isWritable = (row: number, column: number): boolean =>
    isEditable &&
    length > 0 &&
    !columns[column]!.generated &&
    (row < added.length || !rows[row - added.length]!.cut.includes(column));
  const press = (event: KeyboardEvent): void => {
    if (editing || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW_HEIGHT) / ROW_HEIGHT) - 2);
    const to = MOVES[event.key]?.(at, page, { rows: length, columns: columns.length }, event.ctrlKey);
    if (to !== undefined) {
      event.preventDefault();
      move(to.row, to.column);
    } else if ((event.key === 'Enter' || event.key === 'F2') && isWritable(at.row, at.column)) {
      event.preventDefault();
      setEditing(true);
    } else if (event.key === 'Delete' && isWritable(at.row, at.column)) set(at.row, at.column, null);
  };

  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={`${relation.schema}.${relation.name}`}
      aria-rowcount={total + added.length + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={length > 0 ? cellId(at.row, at.column) : undefined}
      onKeyDown={press}
    >
      <div
        className="grid-inner"
        style={{
          height: vertical.getTotalSize() + ROW_HEIGHT,
          width: horizontal.getTotalSize() + NUMBER_WIDTH,
        }}
      >
        <div className="grid-head" role="row" aria-rowindex={1} tabIndex={-1}>
          <span
            className="corner"
            role="columnheader"
            tabIndex={-1}
            aria-colindex={1}
            aria-label="Row"
            style={{ width: NUMBER_WIDTH }}
          />
          {horizontal.getVirtualItems().map(({ index, start, size }) => {
            const { name, type, comment } = columns[index]!;
            const order = sort.find(each => each.column === name);
            return (
              <span
                key={name}
                role="columnheader"
                tabIndex={-1}
                aria-colindex={index + 2}
                aria-sort={order === undefined ? 'none' : order.descending ? 'descending' : 'ascending'}
                className="head"
                style={{ left: start, width: size }}
              >
                <button
                  type="button"
                  tabIndex={-1}
                  title={comment ?? `${name} ${type}`}
                  onClick={() => props.onSort(name)}
                >
                  {relation.key.includes(name) && (
                    <span className="key-mark" role="img" aria-label="key">
                      ◆
                    </span>
                  )}
                  {name}
                  <span className="dim">
                    {order === undefined ? shortType(type) : order.descending ? '↓' : '↑'}
                  </span>
                </button>
              </span>
            );
          })}
        </div>
        {shown.map(({ index, start }) => {
          const isAdded = index < added.length;
          const row = isAdded ? null : rows[index - added.length]!;
          const edit = row === null ? undefined : edits.rows.get(rowKey(row));
          const state = isAdded ? 'added' : edit?.removed ? 'removed' : undefined;
          return (
            <div
              key={isAdded ? `added ${index}` : `${rowKey(row!)} ${index}`}
              className="grid-row"
              role="row"
              tabIndex={-1}
              aria-rowindex={index + 2}
              data-state={state}
              style={{ top: start + ROW_HEIGHT }}
            >
              <span
                className="number"
                role="rowheader"
                tabIndex={-1}
                aria-colindex={1}
                style={{ width: NUMBER_WIDTH }}
              >
                {isEditable && (
                  <button
                    type="button"
                    tabIndex={-1}
                    aria-label={edit?.removed ? 'Keep the row' : 'Remove the row'}
                    onClick={() => (row === null ? props.onDrop(index) : props.onRemove(row))}
                  >
                    {edit?.removed ? '↺' : '×'}
                  </button>
                )}
              </span>
              {horizontal.getVirtualItems().map(({ index: column, start: left, size }) => {
                const { name, category } = columns[column]!;
                const isHere = at.row === index && at.column === column;
                const value = valueAt(index, column);
                const isChanged = edit !== undefined && name in edit.set;
                return (
                  <span
                    key={name}
                    id={cellId(index, column)}
                    role="gridcell"
                    tabIndex={-1}
                    aria-colindex={column + 2}
                    aria-selected={isHere}
                    className="cell"
                    data-changed={isChanged || undefined}
                    data-right={category === 'N' || undefined}
                    style={{ left, width: size }}
                    onMouseDown={() => setAt({ row: index, column })}
                    onDoubleClick={() => isWritable(index, column) && setEditing(true)}
                  >
                    {isHere && editing ? (
                      <CellEditor
                        column={columns[column]!}
                        value={value}
                        onDone={next => {
                          setEditing(false);
                          scroller.current?.focus();
                          if (next !== undefined) set(index, column, next);
                        }}
                      />
                    ) : (
                      <Shown value={value} isCut={row?.cut.includes(column) ?? false} />
                    )}
                  </span>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** NULL, DEFAULT and the empty text look different from one another, and from words. */
function Shown({ value, isCut }: { readonly value: CellValue; readonly isCut: boolean }) {
  if (value === null) return <span className="null">NULL</span>;
  if (typeof value === 'object') return <span className="null">DEFAULT</span>;
  if (value === '') return <span className="null">''</span>;
  return (
    <>
      {/* A line is what a cell shows; the row's own view has them all. */}
      {value.length > 300 ? value.slice(0, 300) : value}
      {isCut && <span className="dim">…</span>}
    </>
  );
}

interface At {
  readonly row: number;
  readonly column: number;
}

const MOVES: Readonly<
  Record<string, (at: At, page: number, size: { rows: number; columns: number }, far: boolean) => At>
> = {
  ArrowUp: ({ row, column }, _page, _size, far) => ({ row: far ? 0 : row - 1, column }),
  ArrowDown: ({ row, column }, _page, size, far) => ({ row: far ? size.rows - 1 : row + 1, column }),
  ArrowLeft: ({ row, column }, _page, _size, far) => ({ row, column: far ? 0 : column - 1 }),
  ArrowRight: ({ row, column }, _page, size, far) => ({ row, column: far ? size.columns - 1 : column + 1 }),
  PageUp: ({ row, column }, page) => ({ row: row - page, column }),
  PageDown: ({ row, column }, page) => ({ row: row + page, column }),
  Home: ({ row }, _page, _size, far) => ({ row: far ? 0 : row, column: 0 }),
  End: ({ row }, _page, size, far) => ({ row: far ? size.rows - 1 : row, column: size.columns - 1 }),
};

function cellId(row: number, column: number): string {
  return `cell-${row}-${column}`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

const SHORT: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  'time with time zone': 'timetz',
  'time without time zone': 'time',
  'double precision': 'float8',
};

function shortType(type: string): string {
  const base = type.replace(/\(.*$/, '');
  return SHORT[base] ?? base;
}

function widthOf(type: string, name: string): number {
  const wanted = /text|char|json|\[\]/.test(type)
    ? 240
    : /uuid/.test(type)
      ? 290
      : /timestamp/.test(type)
        ? 210
        : 120;
  return Math.max(wanted, Math.min(320, name.length * 8 + shortType(type).length * 7 + 40));
}
