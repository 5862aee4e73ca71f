/** The places that are open, each by its address; the one shown follows where the area goes. */
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Icon } from '../../ui/Icon.tsx';
import { areas } from '../areas.ts';

interface Tab {
  /** The area and the place in it: what makes it another tab. */
  readonly place: string;
  /** With what is looked at there. */
  readonly href: string;
}

const KEY = 'peakstone.tabs';
const MAX_TABS = 30;

export function Tabs() {
  const navigate = useNavigate();
  const location = useRouterState({ select: state => state.location });
  const place = location.pathname;
  const [tabs, setTabs] = useState<readonly Tab[]>(
    () => JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Tab[],
  );

  useEffect(() => {
    if (place === '/') return;
    setTabs(now => {
      const here = { place, href: location.href };
      const known = now.some(tab => tab.place === place);
      return known ? now.map(tab => (tab.place === place ? here : tab)) : [...now, here].slice(-MAX_TABS);
    });
  }, [place, location.href]);
  useEffect(() => sessionStorage.setItem(KEY, JSON.stringify(tabs)), [tabs]);

  const close = (tab: Tab): void => {
    const at = tabs.indexOf(tab);
    const rest = tabs.filter(each => each !== tab);
    setTabs(rest);
    if (tab.place === place) navigate({ to: (rest[at] ?? rest[at - 1])?.href ?? '/', replace: true });
  };

  return (
    <nav className="tabs" aria-label="Open places">
      {tabs.map(tab => (
        <span key={tab.place} className="tab" data-here={tab.place === place || undefined}>
          <button
            type="button"
            aria-current={tab.place === place ? 'page' : undefined}
            onClick={() => navigate({ to: tab.href })}
            onAuxClick={event => event.button === 1 && close(tab)}
          >
            {titleOf(tab.place)}
          </button>
          <button
            type="button"
            className="close"
            aria-label={`Close ${titleOf(tab.place)}`}
            onClick={() => close(tab)}
          >
            <Icon path="m6 6 8 8M14 6l-8 8" />
          </button>
        </span>
      ))}
    </nav>
  );
}

/** The last part of a place, or its area's title. */
function titleOf(place: string): string {
  const parts = place.split('/').filter(Boolean).map(decodeURIComponent);
  if (parts.length > 1) return parts.slice(1).join('.');
  return areas.find(({ name }) => name === parts[0])?.title ?? place;
}
