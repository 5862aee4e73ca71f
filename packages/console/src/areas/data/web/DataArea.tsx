import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Problem } from '../../../ui/Problem.tsx';
import { call } from '../../client.ts';
import { RelationList } from './RelationList.tsx';
import { RelationView } from './RelationView.tsx';
import './data.css';

/** `/data/SCHEMA/RELATION`: the list of all beside the rows of one. */
export default function DataArea() {
  const { _splat: place = '' } = useParams({ strict: false });
  const [schema, relation] = place.split('/');
  const catalog = useQuery({
    queryKey: ['data/catalog'],
    queryFn: ({ signal }) => call('data/catalog', {}, signal),
  });
  return (
    <div className="data">
      <aside aria-label="Tables and views">
        {catalog.isError && <Problem error={catalog.error} onRetry={() => catalog.refetch()} />}
        {catalog.isPending && <div className="busy" role="progressbar" aria-label="Reading what there is" />}
        {catalog.data !== undefined && (
          <RelationList relations={catalog.data} onRefresh={() => catalog.refetch()} />
        )}
      </aside>
      {schema && relation ? (
        <RelationView key={place} schema={schema} relation={relation} />
      ) : (
        <div className="empty">
          <h2>{catalog.data?.length === 0 ? 'There are no tables yet' : 'Choose a table'}</h2>
          <span>
            {catalog.data?.length === 0
              ? 'Make one in the SQL area, or by a migration: peakstone migrate new NAME'
              : 'Or open anything by its name from anywhere.'}
          </span>
        </div>
      )}
    </div>
  );
}
