import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Refused, signIn } from '../../ui/client.ts';
import type { Who } from '../../ui/token.ts';
import './signIn.css';

interface Props {
  /** Over a page that stays as it is. */
  readonly over?: boolean;
  readonly reason: string | null;
  readonly onSignedIn: (who: Who & { token: string }) => void;
}

/** By the stack's own secret, or as a named operator: a name makes the difference. */
export function SignIn({ over = false, reason, onSignedIn }: Props) {
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState<{ message: string; hint: string | null } | null>(
    reason === null ? null : { message: reason, hint: null },
  );
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      onSignedIn(await signIn(name === '' ? { secret } : { name, password: secret }));
    } catch (error) {
      setProblem(error instanceof Refused ? error.body : { message: String(error), hint: null });
      setSecret('');
      field.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={over ? 'sign-in over' : 'sign-in'}>
      <form onSubmit={submit}>
        <header>
          <svg width="36" height="36" viewBox="0 0 32 32" aria-hidden="true">
            <path fill="var(--accent)" d="M3 27 13 7l5 9 3-5 8 16z" />
            <path fill="var(--ground)" d="m13 7 3.3 6-2.2 2-2.4-1.4-1.600-.4z" />
          </svg>
          <h1>PeakStone</h1>
        </header>
        <label>
          <span>Operator</span>
          <input
            className="field"
            name="username"
            autoComplete="username"
            placeholder="empty: the stack’s own secret"
            value={name}
            onChange={event => setName(event.target.value)}
          />
        </label>
        <label>
          <span>{name === '' ? 'Secret of the stack' : 'Password'}</span>
          <input
            ref={field}
            className="field"
            type="password"
            name="password"
            autoComplete="current-password"
            required
            value={secret}
            onChange={event => setSecret(event.target.value)}
            aria-invalid={problem !== null && !busy}
            aria-describedby="sign-in-problem"
          />
        </label>
        <p id="sign-in-problem" className="said" role="status">
          {problem !== null && (
            <>
              {problem.message}
              {problem.hint !== null && <span className="dim"> {problem.hint}</span>}
            </>
          )}
        </p>
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
        <p className="dim">
          <code>peakstone console</code> makes a link that signs you in.
        </p>
      </form>
    </div>
  );
}
