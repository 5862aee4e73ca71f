import { spawn } from 'node:child_process';

/** Ends the server in folder `$1` when standard input closes, and removes the folder once its last process is gone. */
const SCRIPT = `
while read -r _; do :; done
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
words() { tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null || ps -o args= -p "$pid" 2>/dev/null; }
runs() { case "$(words)" in *"$1/postgres"*) return 0 ;; *) return 1 ;; esac }
runs "$1" && kill -QUIT "$pid"
for _ in $(seq 60); do runs "$1" || break; sleep 0.5; done
for _ in 1 2 3 4 5; do rm -rf "$1" && break; sleep 1; done`;

/**
 * Sees to it that a throw-away server does not outlive this process, however that ends, be it kill -9: a shell holds the other
 * end of a pipe, which the system closes for us.
 * @param folder Holds `postgres`, the data folder.
 * @returns to be called once the server has been stopped; what is left of the folder then goes at once
 */
export function reapWithThisProcess(folder: string): () => void {
  const reaper = spawn('/bin/sh', ['-c', SCRIPT, 'reaper', folder], {
    // In a session of its own: Ctrl-C must not end it before us.
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither the shell nor the pipe may keep this process from ending.
  reaper.unref();
  (reaper.stdin as unknown as { unref(): void }).unref();
  return () => reaper.stdin.destroy();
}
