#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import { becomeNode, findNode24, NODE_MISSING } from './node24.mjs';

/** Commands that go on running: worth a Node of its own settings, which others need not wait for. */
const LASTING = ['up', '_serve', 'rest', 'gateway'];

const words = process.argv.slice(2);
const node = findNode24(fileURLToPath(import.meta.url));
if (node === undefined) {
  process.stderr.write(`${NODE_MISSING}\n`);
  process.exit(1);
}
const main = new URL('./main.mjs', import.meta.url);
if (node === process.execPath && !words.some(word => LASTING.includes(word))) await import(main.href);
else becomeNode(node, [...memoryFlags, fileURLToPath(main), ...words], memoryEnv(process.env));
