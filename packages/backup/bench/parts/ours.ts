/** One backup or one restore in a process of its own, so that its processor time can be told: `ours.ts create|restore` with its settings in the environment. */
import {
  backupSlot,
  createBackup,
  createKeyring,
  findVaults,
  openStore,
  parseKey,
  parseTarget,
  restoreBackup,
} from '../../src/index.ts';

const { BENCH_URL, BENCH_STORE, BENCH_KEY, BENCH_KIND, BENCH_INTO } = process.env;
const key = parseKey(BENCH_KEY ?? '');
const keys = createKeyring(key ? [key] : [], key !== undefined);
const store = openStore({ kind: 'folder', folder: BENCH_STORE! });
const shared = { onEvent: () => undefined, signal: new AbortController().signal };
if (process.argv[2] === 'create') {
  const kind = BENCH_KIND === 'incremental' ? 'incremental' : 'full';
  await createBackup({
    ...shared,
    url: BENCH_URL!,
    store,
    keys,
    kind,
    writer: { id: 'bench', host: 'here', folder: 'bench' },
    slot: backupSlot,
  });
} else {
  const [vault] = await findVaults(store, keys);
  // The files and their WAL, synced; PostgreSQL's recovery costs all of them the same.
  await restoreBackup({ ...shared, vault: vault!, into: BENCH_INTO!, target: parseTarget({}) });
}
