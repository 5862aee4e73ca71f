import { HasuraError } from '../errors.ts';

/** What something leads to is none of what is served, which is told without saying where. */
export class Untracked extends HasuraError {}
