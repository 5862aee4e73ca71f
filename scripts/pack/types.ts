/** Declarations of a package that its exports lead to. The others describe what nobody can import. */
import { globSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { builtFile, type Manifest, sourcesOf } from './manifest.ts';

/** Relative modules that a declaration names: in imports, exports, and types by their place. */
const NAMED = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** Removes declarations below `target/dist` that no export of the package leads to. */
export function pruneTypes(target: string, manifest: Manifest): void {
  const reached = new Set<string>();
  const waiting = sourcesOf(manifest).map(source => declarationOf(path.join(target, builtFile(source))));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, named = ''] of readFileSync(file, 'utf8').matchAll(NAMED)) {
      waiting.push(declarationOf(path.resolve(path.dirname(file), named)));
    }
  }
  for (const name of globSync('dist/**/*.d.{ts,mts}', { cwd: target })) {
    const file = path.join(target, name);
    if (!reached.has(file)) rmSync(file);
  }
}

/** `x.ts` or `x.js` -> `x.d.ts`, `x.mjs` -> `x.d.mts`. */
function declarationOf(file: string): string {
  return file.replace(/\.(m?)[jt]s$/, '.d.$1ts');
}
