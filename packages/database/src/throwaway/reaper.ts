import { spawn } from 'node:child_process';
import { resolveRunUser, spawnIdentity } from '../host/user.ts';

/** Once standard input closes, which is when we have ended. */
const WHEN_CLOSED = 'while read -r _; do :; done';

/** Ends the server in folder `$1`, and removes what is in its folders once its last process is gone. */
const END = `${WHEN_CLOSED}
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
words() { tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null || ps -o args= -p "$pid" 2>/dev/null; }
runs() { case "$(words)" in *"$1/postgres"*) return 0 ;; *) return 1 ;; esac }
runs "$1" && kill -QUIT "$pid"
for _ in $(seq 60); do runs "$1" || break; sleep 0.5; done
clear() { cd "$1" 2>/dev/null || return 0; rm -rf -- ..?* .[!.]* *; }
for _ in 1 2 3 4 5; do
  left=
  for each in "$1/postgres" "$1/run" "$1"/*; do (clear "$each") || left=1; done
  [ -z "$left" ] && break
  sleep 1
done`;

/**
 * Removes the folders, once they are empty: `rmdir` follows nothing that the server's user may have put there. Root's data folder
 * is one that was not handed over to that user yet.
 */
const REMOVE = `${WHEN_CLOSED}
for _ in $(seq 120); do
  [ "$(id -u)" = 0 ] && [ -O "$1/postgres" ] && rm -rf -- "$1/postgres"
  rmdir "$1"/* "$1" 2>/dev/null
  [ -d "$1" ] || exit 0
  sleep 0.3
done`;

/**
 * Sees to it that a throw-away server does not outlive this process, however that ends, be it kill -9: shells hold the other
 * ends of pipes, which the system closes for us.
 * @param folder Holds `postgres`, the data folder.
 * @param dataOwner uid of the server's user, where it is known already
 * @returns to be called once the server has been stopped; what is left of the folder then goes at once
 */
export function reapWithThisProcess(folder: string, dataOwner?: number): () => void {
  // What lies in the server's folders is its user's to end and to remove.
  const user = resolveRunUser(dataOwner, () => {});
  const reapers = [start(END, folder, spawnIdentity(user)), start(REMOVE, folder)];
  return () => {
    for (const { stdin } of reapers) stdin.destroy();
  };
}

function start(script: string, folder: string, identity: { uid?: number; gid?: number } = {}) {
  const reaper = spawn('/bin/sh', ['-c', script, 'reaper', folder], {
    // In a session of its own: Ctrl-C must not end it before us.
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    ...identity,
  });
  // Neither the shell nor the pipe may keep this process from ending.
  reaper.unref();
  (reaper.stdin as unknown as { unref(): void }).unref();
  return reaper;
}
