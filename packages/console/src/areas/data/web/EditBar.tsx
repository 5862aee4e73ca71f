import { DATA_KEYS } from './keys.ts';

interface Props {
  readonly count: number;
  readonly busy: boolean;
  /** Changes written last that can be taken back. */
  readonly undo: number;
  readonly onReview: () => void;
  readonly onCommit: () => void;
  readonly onDiscard: () => void;
  readonly onUndo: () => void;
}

/** What waits to be written, and the way back from what was written last. */
export function EditBar({ count, busy, undo, onReview, onCommit, onDiscard, onUndo }: Props) {
  if (count === 0 && undo === 0) return null;
  return (
    <div className="edit-bar" role="status">
      {count > 0 ? (
        <>
          <strong>
            {count} {count === 1 ? 'change' : 'changes'}
          </strong>
          <span className="space" />
          <button type="button" className="button" onClick={onReview}>
            Review <kbd>{DATA_KEYS.review.label}</kbd>
          </button>
          <button type="button" className="button primary" disabled={busy} onClick={onCommit}>
            Commit <kbd>{DATA_KEYS.commit.label}</kbd>
          </button>
          <button type="button" className="button danger" disabled={busy} onClick={onDiscard}>
            Discard
          </button>
        </>
      ) : (
        <>
          <span>
            {undo} {undo === 1 ? 'change was' : 'changes were'} written.
          </span>
          <span className="space" />
          <button type="button" className="button" disabled={busy} onClick={onUndo}>
            Undo
          </button>
        </>
      )}
    </div>
  );
}
