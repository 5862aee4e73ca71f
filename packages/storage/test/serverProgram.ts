/** A server in a process of its own, to be killed: serves the folder that it is given, and says where. */
import { readStorageConfig } from '../src/config.ts';
import { storageService } from '../src/service.ts';
import { readSupabaseConfig } from '../src/supabase/config.ts';

const webhooks = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name.startsWith('MINIO_NOTIFY_WEBHOOK_')),
);
const service = await storageService.start(
  {
    settings: readStorageConfig({ ...webhooks, PEAKSTONE_STORAGE_DAY_MS: process.argv[3] }),
    supabase: readSupabaseConfig(process.env),
    folder: process.argv[2]!,
    host: '127.0.0.1',
    port: 0,
  },
  { emit: event => event.kind === 'failed' && process.stderr.write(`${String(event.error)}\n`) },
  new AbortController().signal,
);
process.stdout.write(`${service.address}\n`);
