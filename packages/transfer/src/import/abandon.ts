import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { Administrator } from './administrator/index.ts';
import { giveBack } from './finish.ts';
import { type Begun, forgetImport, giveImportUp, Journal, lockImport } from './journal.ts';
import { listMade, type MadeObject } from './made.ts';
import { connectOwner } from './session.ts';
import { type Undone, undoImport } from './undo.ts';

export interface AbandonOptions {
  readonly adminUrl: string;
  readonly ownerUrl: string;
  /** Removes what it made; absent, that stays. */
  readonly undo?: boolean;
  readonly signal?: AbortSignal;
}

export interface Abandoned {
  /** The dump's files, as they were named. */
  readonly files: readonly string[];
  /** ISO 8601: before it, nothing of the import was there; null where an earlier version began it. */
  readonly beganAt: string | null;
  /** What it made and is there, newest first; empty after `undo`. */
  readonly made: readonly MadeObject[];
  /** Null where nothing was to be removed. */
  readonly undone: Undone | null;
}

/**
 * Gives an import up that was ended in the middle: what its owner might do for its time is taken back. What it made stays, and
 * is remembered until the next import begins, so that it can be removed then as well.
 * @returns null where no import was begun.
 * @throws {TransferError} while one goes on, or when what is remembered of it could be another's, or is too little to remove it by.
 */
export async function abandonImport({
  adminUrl,
  ownerUrl,
  undo = false,
  signal,
}: AbandonOptions): Promise<Abandoned | null> {
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  try {
    const client = await connectOwner(ownerUrl);
    try {
      await lockImport(client);
      const begun = await Journal.kept(admin);
      if (begun === null) {
        await forgetImport(admin);
        return null;
      }
      if (undo) assertRemembered(begun);
      const administrator = new Administrator(admin, begun.world);
      await giveBack(administrator, client, begun.world);
      const told = {
        files: begun.identity.split('\n').map(line => line.replace(/ \d+ \d+$/, '')),
        beganAt: begun.beganAt?.toISOString() ?? null,
      };
      if (begun.beganAt === null) {
        await forgetImport(admin);
        return { ...told, made: [], undone: null };
      }
      await giveImportUp(admin, begun.world.owner);
      const { world } = begun;
      if (!undo) return { ...told, made: await listMade(administrator.onlooker, world.owner), undone: null };
      const undone = await undoImport({ administrator, client, world, signal });
      // Whoever may not lose it yet can look at it, and try again.
      if (undone.left.length === 0) await forgetImport(admin);
      await administrator.do({ kind: 'tell apis' });
      return { ...told, made: [], undone };
    } finally {
      client.close();
    }
  } finally {
    await admin.close();
  }
}

function assertRemembered({ beganAt }: Begun): void {
  if (beganAt === null)
    throw new TransferError('An earlier version began this import, and did not remember what it made.', {
      hint: 'Nothing was removed. Give it up (peakstone import abandon), then drop what is there.',
    });
}
