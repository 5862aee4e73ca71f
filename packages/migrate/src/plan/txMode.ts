import { MigrateError } from '../errors.ts';
import type { MigrationFile } from '../folder/index.ts';

/**
 * What is one transaction: each file, all of them together, or each statement by itself.
 * @see https://atlasgo.io/versioned/apply#transaction-configuration
 */
export const txModes = ['file', 'all', 'none'] as const;
export type TxMode = (typeof txModes)[number];

/**
 * How a file is run: as its directive says, else as was asked. Pure.
 * @throws {MigrateError} `option` when the directive says something that cannot be.
 */
export function txModeOf(file: Pick<MigrationFile, 'name' | 'directives'>, asked: TxMode): TxMode {
  const said = file.directives.filter(({ name }) => name === 'txmode').map(({ value }) => value);
  const [value] = said;
  if (value === undefined) return asked;
  const wrong = (message: string): MigrateError =>
    new MigrateError(
      'option',
      message,
      'A file says "-- atlas:txmode none" or "-- atlas:txmode file", or nothing.',
    );
  const quoted = JSON.stringify(file.name);
  if (said.length > 1)
    throw wrong(
      `multiple txmode values found in file ${quoted}: [${said.map(one => JSON.stringify(one)).join(' ')}]`,
    );
  if (value === 'all')
    throw wrong(`txmode "all" is not allowed in file directive ${quoted}. Use "file" instead`);
  if (value !== 'none' && value !== 'file')
    throw wrong(`unknown txmode ${JSON.stringify(value)} found in file directive ${quoted}`);
  if (asked === 'all')
    throw new MigrateError(
      'option',
      `cannot set txmode directive to ${JSON.stringify(value)} in ${quoted} when txmode "all" is set globally`,
      'Leave --tx-mode all out: a file that must not run in a transaction cannot be undone with the others.',
    );
  return value;
}
