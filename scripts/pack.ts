/**
 * `npm run pack [-- FOLDER]`: makes the packages that are published, built JavaScript with types, and prints their
 * tarballs. Installed together into a project, they need nothing else from us: npm install FOLDER/*.tgz
 */
import path from 'node:path';
import { makeTarballs } from './pack/tarballs.ts';

const root = path.dirname(import.meta.dirname);
const folder = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
for (const tarball of await makeTarballs(root, folder)) process.stdout.write(`${tarball}\n`);
