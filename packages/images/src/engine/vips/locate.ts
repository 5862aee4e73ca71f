/** Where libvips lies, without loading it. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The file of the library. @throws {Error} it is not installed for this machine */
export function findLibrary(): string {
  const require = createRequire(import.meta.url);
  for (const name of candidates()) {
    let folder: string;
    try {
      folder = path.join(path.dirname(require.resolve(`${name}/package`)), 'lib');
    } catch {
      // Not this one: optional dependencies are installed for one machine.
      continue;
    }
    const file = readdirSync(folder).find(each => /^libvips-cpp\.(?:so|\d).*/.test(each));
    if (file !== undefined) return path.join(folder, file);
  }
  throw new Error(
    `libvips is not installed for ${process.platform}-${process.arch}: run npm install with optional dependencies.`,
  );
}

function candidates(): readonly string[] {
  const { platform, arch } = process;
  const systems = platform === 'linux' ? (isMusl() ? ['linuxmusl'] : ['linux']) : [platform];
  return systems.map(system => `@img/sharp-libvips-${system}-${arch}`);
}

/** Whether this is Linux with another C library than GNU's. */
export function isMusl(): boolean {
  const report = process.report.getReport() as {
    readonly header?: { readonly glibcVersionRuntime?: string };
  };
  return report.header?.glibcVersionRuntime === undefined;
}
