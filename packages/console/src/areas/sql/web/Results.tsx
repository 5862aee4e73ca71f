import { Problem } from '../../../ui/Problem.tsx';
import type { RunState, ScriptResult } from './useRun.ts';

export function Results({ state }: { readonly state: RunState }) {
  const { results, notices, error, text, running } = state;
  if (!running && results.length === 0 && notices.length === 0 && error === null)
    return (
      <div className="empty">
        <h2>Nothing has run yet</h2>
        <span>
          Write a statement above. It runs as your own login: what PostgreSQL lets that do is what is done.
        </span>
      </div>
    );
  return (
    <div className="results">
      {error !== null && <Problem error={error} text={text} />}
      {notices.map(({ severity, message }, n) => (
        <p key={n} className="notice">
          <strong>{severity}</strong> {message}
        </p>
      ))}
      {results.map((result, n) => (
        <Result key={n} result={result} />
      ))}
    </div>
  );
}

function Result({ result }: { readonly result: ScriptResult }) {
  const { fields, rows, total, tag, ms } = result;
  return (
    <section className="result">
      <h3>
        {tag} <span className="dim">{ms} ms</span>
        {rows.length < total && (
          <span className="dim">
            , the first {rows.length} of {total} rows
          </span>
        )}
      </h3>
      {fields.length > 0 && (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                {fields.map(({ name }, n) => (
                  <th key={n} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, r) => (
                <tr key={r}>
                  {row.map((cell, c) => (
                    <td key={c}>{cell === null ? <span className="null">NULL</span> : cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
