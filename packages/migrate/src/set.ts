import { MigrateError } from './errors.ts';
import { formats, type MigrationFolder, sumFolder } from './folder/index.ts';
import { planSet, type SetPlan } from './plan/index.ts';
import { type History, type Revision, revisionType } from './revisions/index.ts';
import type { MigrateSession } from './session/index.ts';
import { splitFile } from './split/index.ts';

/**
 * Says where a database is, and runs nothing: files up to the version count as applied, what is behind it does not.
 * @param version null: the folder's last one
 * @throws {MigrateError} `history`
 */
export async function setVersion(
  folder: MigrationFolder,
  session: MigrateSession,
  history: History,
  { version, operatorVersion }: { readonly version: string | null; readonly operatorVersion: string },
): Promise<SetPlan> {
  await history.prepare(session.ask);
  const revisions = (await history.read(session.ask)) ?? [];
  const plan = planSet(folder, revisions, version);
  const sums = new Map(sumFolder(folder.files).map(({ name, hash }) => [name, hash]));
  const unhashed = plan.added.find(({ name }) => !sums.has(name));
  if (formats[folder.format].hasSums && unhashed)
    throw new MigrateError(
      'refused',
      `${unhashed.name}: checksum not found: it says "atlas:sum ignore".`,
      'Nothing was changed. Take the directive out and hash again.',
    );
  const added = plan.added.map(
    (file): Revision => ({
      version: file.version,
      description: file.description,
      type: revisionType.resolved,
      applied: 0,
      total: 0,
      executedAt: new Date(),
      executionMs: 0,
      error: '',
      errorStatement: '',
      hash: sums.get(file.name) ?? '',
      partialHashes: null,
      operatorVersion,
    }),
  );
  const statements = [
    ...plan.removed.map(({ version }) => history.remove(version)),
    ...[...plan.resolved, ...added].map(revision =>
      history.write(
        { ...revision, executedAt: new Date(), operatorVersion },
        textsOf(folder, revision.version),
      ),
    ),
  ];
  // As one script it is one transaction.
  if (statements.length > 0) await session.ask(statements.join(';\n'));
  return plan;
}

function textsOf({ files, format }: MigrationFolder, version: string): readonly string[] {
  const file = files.find(each => each.version === version);
  return file ? splitFile(file.text, formats[format].cutBy).statements.map(({ text }) => text) : [];
}
