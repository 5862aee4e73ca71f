/** What commands print, worded and shaped as Atlas does. */
export { ApplyReport } from './apply.ts';
export { renderSet } from './set.ts';
export { envJson, renderStatus, statusJson } from './status.ts';
