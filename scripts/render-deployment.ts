/** Writes every rendered deployment file and table of the repository anew. A test fails when one has drifted. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fillSection, renderFiles, renderSections } from '../packages/stack/src/render/index.ts';

const root = join(import.meta.dirname, '..');
for (const [path, content] of renderFiles()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
for (const section of renderSections()) {
  const path = join(root, section.path);
  writeFileSync(path, fillSection(readFileSync(path, 'utf8'), section.mark, section.content));
}
