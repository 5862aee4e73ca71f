import { spawn } from 'node:child_process';

/** Ends the server in folder `$1` when standard input closes, and removes the folder. */
const SCRIPT = `
while read -r _; do :; done
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
case "$(ps -o args= -p "$pid" 2>/dev/null)" in *"$1/postgres"*) kill -QUIT "$pid"; sleep 1 ;; esac
rm -rf "$1"`;

/**
 * Sees to it that a test server does not outlive this process, however that ends, be it kill -9: a shell holds the other
 * end of a pipe, which the system closes for us.
 * @param folder Holds `postgres`, the data folder.
 */
export function reapWithThisProcess(folder: string): void {
  const reaper = spawn('/bin/sh', ['-c', SCRIPT, 'reaper', folder], {
    // In a session of its own: Ctrl-C must not end it before us.
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither the shell nor the pipe may keep this process from ending.
  reaper.unref();
  (reaper.stdin as unknown as { unref(): void }).unref();
}
