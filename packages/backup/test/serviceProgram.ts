/** The backup service in a process of its own, to be killed. Its settings come from the environment; it says `ready` once. */
import { readBackupConfig, startBackups } from '../src/index.ts';

const service = startBackups(readBackupConfig(process.env, '/'), {
  url: process.env.BACKUP_DATABASE_URL!,
  writer: { id: 'lab', host: 'here', folder: 'lab' },
  onEvent: event => {
    if (event.kind === 'copied' || event.kind === 'extracted') return;
    process.stdout.write(`${JSON.stringify(event)}\n`);
  },
});
// Whoever started us is gone: so are we.
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => {
  void service.stop().then(() => process.exit());
});
