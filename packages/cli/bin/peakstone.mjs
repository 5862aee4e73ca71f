#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import { becomeNode, findNode24, NODE_MISSING } from './node24.mjs';

const node = findNode24(fileURLToPath(import.meta.url));
if (node === undefined) {
  process.stderr.write(`${NODE_MISSING}\n`);
  process.exit(1);
}
becomeNode(
  node,
  [...memoryFlags, fileURLToPath(new URL('./main.mjs', import.meta.url)), ...process.argv.slice(2)],
  memoryEnv(process.env),
);
