/** Builds the web app into `dist/web`: static, named by content, compressed beforehand. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Below it a compressed file saves nobody a packet. */
const WORTH_BYTES = 1024;

function compressed(): Plugin {
  return {
    name: 'compressed',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (name.endsWith('.html') || name.endsWith('.map')) continue;
        const file = path.join(dir!, name);
        const bytes = readFileSync(file);
        if (bytes.length < WORTH_BYTES) continue;
        writeFileSync(`${file}.br`, brotliCompressSync(bytes));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  root: path.join(here, 'src', 'web'),
  base: '/console/',
  publicDir: false,
  plugins: [compressed()],
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    outDir: path.join(here, 'dist', 'web'),
    emptyOutDir: true,
    target: 'es2024',
    modulePreload: { polyfill: false },
    // Small pictures stay files: nothing is inlined that the page's policy would have to allow.
    assetsInlineLimit: 0,
    rolldownOptions: {
      onwarn(warning, warn) {
        // Of libraries, for servers that render.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
});
