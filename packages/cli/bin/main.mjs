/**
 * The command, on Node 24. JavaScript, so that the cache is on before the first TypeScript file is read: stripping types
 * then happens once a version, which halves the time of a command and spares each process the stripper's memory.
 */
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { forgetMemoryEnv } from '@peakstone/kernel/memory';
import { cacheFolder, privateFolder, UnsafePlaceError } from '@peakstone/kernel/private';

// NO_COLOR wins here. Node would obey FORCE_COLOR, and say so in a warning.
if (process.env.NO_COLOR) delete process.env.FORCE_COLOR;
forgetMemoryEnv(process.env);
keepCompiled();
await import('../src/main.ts');

/** In a folder of this user's alone: what lies in a compile cache is run. Without one, everything works, only slower. */
function keepCompiled() {
  try {
    privateFolder(cacheFolder(), { mode: 0o755 });
    enableCompileCache(privateFolder(path.join(cacheFolder(), 'node')));
  } catch (error) {
    // A home that cannot be written, is not there, or could be written by others.
    if (!(error instanceof UnsafePlaceError) && error.code === undefined) throw error;
  }
}
