/**
 * The URL of a module beside another, for those that another process loads: in the extension of the one that asks, as both are
 * sources or both are built. Pure.
 * @example moduleBeside('file:///…/services/rest/index.ts', './run') // file:///…/services/rest/run.ts
 */
export function moduleBeside(url: string, name: string): string {
  return new URL(`${name}${/\.[^./]+$/.exec(url)?.[0] ?? '.js'}`, url).href;
}
