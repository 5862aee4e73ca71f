import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { Problem } from '../../../ui/Problem.tsx';
import { call } from '../../client.ts';

/** What was done, latest first, found by any words of it. */
export function AuditLog() {
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search);
  const log = useQuery({
    queryKey: ['audit/find', wanted],
    queryFn: ({ signal }) => call('audit/find', { search: wanted }, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <section className="stack audit">
      <div className="bar">
        <h2>What was done</h2>
        <span className="space" />
        <input
          className="field"
          type="search"
          aria-label="Find in what was done"
          placeholder="name, call, statement"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
      </div>
      {log.isError && <Problem error={log.error} onRetry={() => log.refetch()} />}
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Outcome</th>
              <th scope="col">Statement</th>
            </tr>
          </thead>
          <tbody>
            {log.data?.map((entry, n) => (
              <tr key={n}>
                <td className="mono">{entry.at.replace('T', ' ').slice(0, 19)}</td>
                <td>{entry.who}</td>
                <td>{entry.call}</td>
                <td className={entry.outcome === 'done' ? '' : 'bad'}>
                  {entry.outcome}
                  {entry.reason !== undefined && <span className="dim"> {entry.reason}</span>}
                </td>
                <td>
                  <code>{entry.statement}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
