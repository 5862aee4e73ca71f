/** Opens anything: areas, tables, views and columns, by any part of their names. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { useContext, useDeferredValue, useMemo, useState } from 'react';
import { call } from '../../areas/client.ts';
import { may } from '../../operators/roles.ts';
import { WhoContext } from '../../ui/who.ts';
import { areas } from '../areas.ts';

interface Target {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  readonly more: string;
  readonly to: string;
}

/** Shown at once; the rest is found by typing more. */
const MAX_SHOWN = 50;

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const who = useContext(WhoContext);
  const [search, setSearch] = useState('');
  // By its place in the list: what is found first is chosen until somebody chooses another.
  const [picked, setPicked] = useState('0');
  const wanted = useDeferredValue(search);
  const catalog = useQuery({
    queryKey: ['data/catalog'],
    queryFn: ({ signal }) => call('data/catalog', {}, signal),
  });
  const targets = useMemo(
    () => [
      ...areas
        .filter(area => may(who.role, area.capability))
        .map(
          ({ name, title }): Target => ({
            key: `area ${name}`,
            kind: 'Area',
            title,
            more: '',
            to: `/${name}`,
          }),
        ),
      ...(catalog.data ?? []).flatMap(({ schema, name, kind, columns }): Target[] => {
        const to = `/data/${encodeURIComponent(schema)}/${encodeURIComponent(name)}`;
        return [
          { key: `relation ${schema}.${name}`, kind, title: name, more: schema, to },
          ...columns.map(column => ({
            key: `column ${schema}.${name}.${column.name}`,
            kind: 'column',
            title: column.name,
            more: `${schema}.${name}`,
            to,
          })),
        ];
      }),
    ],
    [catalog.data, who],
  );
  const found = useMemo(() => find(targets, wanted), [targets, wanted]);
  const open = (to: string): void => {
    onClose();
    navigate({ to });
  };
  return (
    <Command.Dialog
      value={picked}
      onValueChange={setPicked}
      open
      onOpenChange={isOpen => isOpen || onClose()}
      label="Open anything"
      shouldFilter={false}
      overlayClassName="veil"
      contentClassName="palette"
    >
      <Command.Input
        value={search}
        onValueChange={next => {
          setSearch(next);
          setPicked('0');
        }}
        placeholder="Tables, views, columns, areas"
      />
      <Command.List>
        <Command.Empty>
          {catalog.isPending ? 'Reading what there is' : 'Nothing has such a name.'}
        </Command.Empty>
        {found.map((target, n) => (
          <Command.Item key={target.key} value={String(n)} onSelect={() => open(target.to)}>
            <span className="kind">{target.kind}</span>
            <span className="title">{target.title}</span>
            <span className="dim">{target.more}</span>
          </Command.Item>
        ))}
      </Command.List>
    </Command.Dialog>
  );
}

/** Those that hold all words: whole names first, then beginnings, then the rest. */
function find(targets: readonly Target[], search: string): readonly Target[] {
  const words = search
    .toLowerCase()
    .split(/[\s.]+/)
    .filter(Boolean);
  if (words.length === 0) return targets.filter(({ kind }) => kind !== 'column').slice(0, MAX_SHOWN);
  const ranked: [number, Target][] = [];
  for (const target of targets) {
    const text = `${target.more}.${target.title}`.toLowerCase();
    if (!words.every(word => text.includes(word))) continue;
    const title = target.title.toLowerCase();
    const last = words.at(-1)!;
    ranked.push([
      (title === last ? 0 : title.startsWith(last) ? 1 : 2) + (target.kind === 'column' ? 3 : 0),
      target,
    ]);
  }
  return ranked
    .toSorted(([one], [other]) => one - other)
    .slice(0, MAX_SHOWN)
    .map(([, target]) => target);
}
