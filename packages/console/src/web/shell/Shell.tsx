/** What is around every area: the rail, the tabs, the palette, the map of keys. */
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useState } from 'react';
import { may } from '../../operators/roles.ts';
import { signOut } from '../../ui/client.ts';
import { Icon } from '../../ui/Icon.tsx';
import { isTyping, SHELL_KEYS } from '../../ui/keys.ts';
import { keepToken, type Who } from '../../ui/token.ts';
import { WhoContext } from '../../ui/who.ts';
import { areas } from '../areas.ts';
import { KeyMap } from './KeyMap.tsx';
import { Palette } from './Palette.tsx';
import { Tabs } from './Tabs.tsx';
import { setTheme, THEMES, theme } from './theme.ts';
import './shell.css';

export function Shell({ who, onSignedOut }: { readonly who: Who; readonly onSignedOut: () => void }) {
  const navigate = useNavigate();
  const path = useRouterState({ select: state => state.location.pathname });
  const [palette, setPalette] = useState(false);
  const [map, setMap] = useState(false);
  const [look, setLook] = useState(theme());
  const mine = areas.filter(area => may(who.role, area.capability));

  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (SHELL_KEYS.palette.matches(event)) {
        event.preventDefault();
        setPalette(true);
      } else if (event.key === '?' && !isTyping(event)) setMap(true);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const nextTheme = (): void => {
    const next = THEMES[(THEMES.indexOf(look) + 1) % THEMES.length]!;
    setTheme(next);
    setLook(next);
  };
  const leave = async (): Promise<void> => {
    await signOut();
    keepToken(null);
    onSignedOut();
  };

  return (
    <WhoContext value={who}>
      <div className="shell">
        <nav className="rail" aria-label="Areas">
          {mine.map(area => {
            const isHere = path === `/${area.name}` || path.startsWith(`/${area.name}/`);
            return (
              <button
                key={area.name}
                type="button"
                className="rail-item"
                aria-current={isHere ? 'page' : undefined}
                onClick={() => navigate({ to: `/${area.name}` as string })}
              >
                <Icon path={area.icon} />
                <span>{area.title}</span>
              </button>
            );
          })}
          <span className="space" />
          <button
            type="button"
            className="rail-item"
            onClick={() => setPalette(true)}
            title={`Open anything (${SHELL_KEYS.palette.label})`}
          >
            <Icon path="M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM14 14l4 4" />
            <span>Search</span>
          </button>
          <button
            type="button"
            className="rail-item"
            onClick={nextTheme}
            title="Colours: system, light, dark"
          >
            <Icon path="M10 3v2M10 15v2M3 10h2M15 10h2M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6z" />
            <span>{look === 'system' ? 'System' : look === 'light' ? 'Light' : 'Dark'}</span>
          </button>
          <button
            type="button"
            className="rail-item"
            onClick={leave}
            title={`Sign out ${who.name}, ${who.role}`}
          >
            <Icon path="M8 4H4v12h4M12 7l3 3-3 3M15 10H8" />
            <span>Sign out</span>
          </button>
        </nav>
        <div className="work">
          <Tabs />
          <main className="area">
            <Suspense fallback={<div className="busy" role="progressbar" aria-label="Loading" />}>
              <Outlet />
            </Suspense>
          </main>
        </div>
        {palette && <Palette onClose={() => setPalette(false)} />}
        {map && <KeyMap onClose={() => setMap(false)} />}
      </div>
    </WhoContext>
  );
}
