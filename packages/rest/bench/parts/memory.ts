/** Memory that is a process's alone: what is shared, such as PostgreSQL's buffers, counts for none. Linux only. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of one process, in MB. @throws when it has ended */
export async function ownMb(pid: number | string): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss_Anon: +(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

/** Of all processes of a database server together, in MB. */
export async function serverMb(dataDir: string): Promise<number> {
  const postmaster = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]!;
  let mb = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      if (pid === postmaster || status.includes(`\nPPid:\t${postmaster}\n`)) mb += await ownMb(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return mb;
}
