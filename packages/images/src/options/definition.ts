/** What an option is: one row of the table in `index.ts`, made of one file a family. */
import type { Options } from './types.ts';

export interface OptionDefinition {
  readonly name: string;
  readonly aliases: readonly string[];
  /** As the documentation writes them: `%width:%height`. */
  readonly arguments: string;
  readonly summary: string;
  /** What holds without it. */
  readonly default: string;
  /** A URL's part that shows it, for the gallery. */
  readonly example: string;
  /** Whether it counts for the whole request, not for one pass of a chained pipeline. */
  readonly whole?: true;
  /** Only with IMGPROXY_ALLOW_SECURITY_OPTIONS. */
  readonly security?: true;
  /**
   * Writes what the arguments, of which there is at least one, say into the options.
   * @throws {ImagesError} `option`
   */
  readonly apply: (options: Options, args: readonly string[], clock: Clock) => void;
}

/** Unix seconds now. */
export type Clock = () => number;
