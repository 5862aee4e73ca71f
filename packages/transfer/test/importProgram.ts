/** Imports as another process, so that it can be killed: DUMP ADMIN_URL OWNER_URL; each step is a line. */
import { importDump } from '@peakstone/transfer';

const [file, adminUrl, ownerUrl] = process.argv.slice(2) as [string, string, string];
await importDump({
  origin: 'supabase',
  files: [file],
  adminUrl,
  ownerUrl,
  onProgress: ({ text }) => process.stdout.write(`${text}\n`),
});
process.stdout.write('done\n');
