import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ROLES, type Role } from '../../../operators/roles.ts';
import { Problem } from '../../../ui/Problem.tsx';
import { call } from '../../client.ts';
import { AuditLog } from './AuditLog.tsx';
import './operators.css';

const MEANS: Readonly<Record<Role, string>> = {
  viewer: 'reads',
  editor: 'changes rows',
  migrator: 'changes the schema',
  admin: 'decides who may do what',
};

export default function OperatorsArea() {
  const list = useQuery({
    queryKey: ['operators/list'],
    queryFn: ({ signal }) => call('operators/list', {}, signal),
  });
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (name: string) => call('operators/remove', { name }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['operators/list'] }),
  });
  return (
    <div className="operators">
      <section className="stack">
        <h1>Operators</h1>
        {list.isError && <Problem error={list.error} onRetry={() => list.refetch()} />}
        {remove.isError && <Problem error={remove.error} />}
        {list.data?.length === 0 && (
          <p className="dim">
            Only the stack’s own secret signs in. Give each person a name of their own: what they do is told
            under it.
          </p>
        )}
        {list.data !== undefined && list.data.length > 0 && (
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Since</th>
                <th scope="col">
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.map(({ name, role, madeAt }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>
                    {role} <span className="dim">{MEANS[role]}</span>
                  </td>
                  <td>{new Date(madeAt).toLocaleDateString()}</td>
                  <td>
                    <button type="button" className="button danger" onClick={() => remove.mutate(name)}>
                      Remove
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <NewOperator />
      </section>
      <AuditLog />
    </div>
  );
}

function NewOperator() {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [password, setPassword] = useState('');
  const put = useMutation({
    mutationFn: () => call('operators/put', { name, role, password }),
    onSuccess: () => {
      setName('');
      setPassword('');
      return queries.invalidateQueries({ queryKey: ['operators/list'] });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    put.mutate();
  };
  return (
    <form className="new-operator" onSubmit={submit}>
      <label>
        <span>Name</span>
        <input
          className="field"
          required
          autoComplete="off"
          value={name}
          onChange={event => setName(event.target.value)}
        />
      </label>
      <label>
        <span>Role</span>
        <select className="field" value={role} onChange={event => setRole(event.target.value as Role)}>
          {ROLES.map(each => (
            <option key={each} value={each}>
              {each}: {MEANS[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Password, 12 characters or more</span>
        <input
          className="field"
          type="password"
          autoComplete="new-password"
          required
          minLength={12}
          value={password}
          onChange={event => setPassword(event.target.value)}
        />
      </label>
      <button type="submit" className="button primary" disabled={put.isPending}>
        Keep operator
      </button>
      {put.isError && <Problem error={put.error} />}
    </form>
  );
}
