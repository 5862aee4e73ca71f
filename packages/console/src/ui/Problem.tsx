import { Refused } from './client.ts';

/** What was refused, why, and what to do: in the database's own words, with the place in the text that it means. */
export function Problem({
  error,
  text,
  onRetry,
}: {
  readonly error: unknown;
  readonly text?: string;
  readonly onRetry?: () => void;
}) {
  const body = error instanceof Refused ? error.body : { code: 'fault', message: String(error), hint: null };
  const at = body.position;
  return (
    <div className="problem" role="alert">
      <strong>
        {body.message}
        {body.sqlState !== undefined && <span className="dim mono"> {body.sqlState}</span>}
      </strong>
      {body.detail !== undefined && <p>{body.detail}</p>}
      {body.hint !== null && <p>{body.hint}</p>}
      {text !== undefined && at !== undefined && <Place text={text} at={at} />}
      {onRetry && (
        <p>
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}

/** The line of the statement, with the word that the position means underlined. */
function Place({ text, at }: { readonly text: string; readonly at: number }) {
  const characters = Array.from(text);
  const index = Math.min(at - 1, characters.length - 1);
  const from = characters.lastIndexOf('\n', index - 1) + 1;
  const end = characters.indexOf('\n', index);
  const line = characters.slice(from, end === -1 ? undefined : end);
  const word = /^[\p{L}\p{N}_$."]+|^./u.exec(line.slice(index - from).join(''))?.[0] ?? '';
  const number = characters.slice(0, index).filter(each => each === '\n').length + 1;
  return (
    <pre>
      <span className="dim">{number} │ </span>
      {line.slice(0, index - from).join('')}
      <span className="underlined">{word}</span>
      {line.slice(index - from + Array.from(word).length).join('')}
    </pre>
  );
}
