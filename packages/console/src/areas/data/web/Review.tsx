import { Dialog, DialogHeading } from '@ariakit/react';
import { useQuery } from '@tanstack/react-query';
import { Problem } from '../../../ui/Problem.tsx';
import { call } from '../../client.ts';
import type { Change } from '../changes.ts';

interface Props {
  readonly schema: string;
  readonly relation: string;
  readonly changes: readonly Change[];
  readonly busy: boolean;
  readonly onCommit: () => void;
  readonly onClose: () => void;
}

/** The statements that would be run, before they are. */
export function Review({ schema, relation, changes, busy, onCommit, onClose }: Props) {
  const review = useQuery({
    queryKey: ['data/review', schema, relation, changes],
    queryFn: ({ signal }) => call('data/review', { schema, relation, changes }, signal),
    gcTime: 0,
  });
  return (
    <Dialog open onClose={onClose} className="dialog review" backdrop={<div className="veil" />}>
      <DialogHeading>Review</DialogHeading>
      {review.isError ? <Problem error={review.error} /> : <pre>{review.data?.join('\n\n')}</pre>}
      <p className="dim">
        All of them in one transaction, or none: each says what the row was, and stops when somebody has
        changed it since.
      </p>
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Back
        </button>
        <button
          type="button"
          className="button primary"
          disabled={busy || !review.isSuccess}
          onClick={onCommit}
        >
          Commit
        </button>
      </footer>
    </Dialog>
  );
}
