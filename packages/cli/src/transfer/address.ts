import type { Context } from '../grammar/command.ts';

/** Whether a source is the address of a database, and no file. Pure. */
export function isAddress(source: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(source);
}

/** Says once that a password in an address on the command line is no secret on this machine. */
export function warnOfPassword(addresses: readonly string[], { stderr }: Context): void {
  if (addresses.some(address => /^postgres(?:ql)?:\/\/[^/@]*:[^/@]+@/.test(address)))
    stderr.write(
      'The password in the address can be seen by other users of this machine while this runs: PGPASSWORD or ~/.pgpass cannot.\n',
    );
}
