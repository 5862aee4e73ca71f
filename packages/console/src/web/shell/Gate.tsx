/** In front of everything: who has signed in works in the shell; when a session ends, signing in asks over the page, which stays. */
import { useCallback, useEffect, useState } from 'react';
import { lookWho, onSignedOut, Refused, signIn } from '../../ui/client.ts';
import { askOtherTabs, keepToken, token, type Who } from '../../ui/token.ts';
import { Shell } from './Shell.tsx';
import { SignIn } from './SignIn.tsx';

type State =
  | { readonly kind: 'looking' }
  | { readonly kind: 'out'; readonly reason: string | null }
  | { readonly kind: 'in'; readonly who: Who; readonly ended: boolean };

export function Gate() {
  const [state, setState] = useState<State>({ kind: 'looking' });
  const enter = useCallback((who: Who & { token?: string }) => {
    if (who.token !== undefined) keepToken(who.token);
    setState({ kind: 'in', who: { name: who.name, role: who.role }, ended: false });
  }, []);
  useEffect(() => {
    let gone = false;
    begin().then(
      who => gone || enter(who),
      error =>
        gone ||
        setState({
          kind: 'out',
          reason: error instanceof Refused && error.body.code !== 'signedOut' ? error.message : null,
        }),
    );
    return () => {
      gone = true;
    };
  }, [enter]);
  useEffect(
    () => onSignedOut(() => setState(now => (now.kind === 'in' ? { ...now, ended: true } : now))),
    [],
  );
  switch (state.kind) {
    case 'looking':
      return <div className="busy" role="progressbar" aria-label="Signing in" />;
    case 'out':
      return <SignIn reason={state.reason} onSignedIn={enter} />;
    case 'in':
      return (
        <>
          <Shell who={state.who} onSignedOut={() => setState({ kind: 'out', reason: null })} />
          {state.ended && <SignIn over reason="Your session has ended" onSignedIn={enter} />}
        </>
      );
  }
}

/** By the link in the address, by this tab's token, or by another tab's. */
async function begin(): Promise<Who & { token?: string }> {
  const link = /^#link=([\w-]+)$/.exec(location.hash)?.[1];
  if (link !== undefined) {
    // The address is kept and shown by browsers: what is worth something goes from it at once.
    history.replaceState(history.state, '', location.pathname + location.search);
    return await signIn({ link });
  }
  if (token() === null) keepToken(await askOtherTabs());
  return await lookWho();
}
