/**
 * `node scripts/bootstrap.mjs SCRIPT ARGS…`: installs what is missing, then runs SCRIPT with Node 24. The product's own
 * command needs no development tools; everything else (tests, benches, packing) does.
 *
 * Plain JavaScript for Node >= 20 without a single dependency, because it runs before anything is installed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { becomeNode, findNode24, NODE_MISSING } from '../packages/cli/bin/node24.mjs';
import { memoryEnv, memoryFlags } from '../packages/kernel/src/memory.mjs';
import { privateFolder } from '../packages/kernel/src/privateFolder.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
const stamp = path.join(modules, '.peakstone-installed');
const lock = path.join(root, '.peakstone', 'install.lock');
const LOCK_POLL_MS = 200;
/** How often an installation says how far it is: on a terminal, and in a log. */
const PROGRESS_MS = { terminal: 500, log: 10_000 };

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENTS…]\n');
  process.exit(2);
}
const needsTools = !path.normalize(script).startsWith('packages');
if (!isInstalled()) await withInstallLock(async () => isInstalled() || (await install()));
const node = findNode24(path.join(root, 'package.json'));
if (node === undefined) {
  process.stderr.write(`${NODE_MISSING}\n`);
  process.exit(1);
}
// The product as it is installed; what a test needs of Node is the test's own.
const [flags, env] = needsTools ? [[], process.env] : [memoryFlags, memoryEnv(process.env)];
becomeNode(node, [...flags, path.resolve(root, script), ...args], env);

/** What an installation depends on: the lock file, the platform whose binaries npm picks, and what it was for. */
function stampFor(withTools) {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform}-${process.arch}${withTools ? '' : ' without development tools'}`;
}

function isInstalled() {
  const found = readIfAny(stamp);
  if (found === stampFor(true) || (found === stampFor(false) && !needsTools)) return true;
  const withTools = [true, false].find(matchesLockFile);
  if (withTools === undefined) return false;
  writeFileSync(stamp, stampFor(withTools));
  return withTools || !needsTools;
}

/** Whether an `npm install` made by hand left exactly what the lock file says, judged by npm's own record of it. */
function matchesLockFile(withTools) {
  const record = readIfAny(path.join(modules, '.package-lock.json'));
  if (record === undefined) return false;
  const locked = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(record).packages;
  for (const [name, entry] of Object.entries(installed)) {
    if (!entry.link && locked[name]?.version !== entry.version) return false;
    if (!existsSync(path.join(root, name))) return false;
  }
  return Object.entries(locked).every(
    ([name, entry]) =>
      !name.includes('node_modules/') ||
      entry.optional ||
      entry.peer ||
      (!withTools && (entry.dev || entry.devOptional)) ||
      name in installed,
  );
}

async function install() {
  const isAddition = readIfAny(stamp) === stampFor(false);
  const what = isAddition
    ? 'development tools, about 180 MB more'
    : `dependencies, about ${needsTools ? 510 : 310} MB`;
  process.stderr.write(`Installing ${what} (once; needs the network) …\n`);
  const startedAt = performance.now();
  // An interrupted installation must not pass for a finished one.
  rmSync(stamp, { force: true });
  const omit = needsTools ? [] : ['--omit=dev'];
  // To add, nothing is taken away: a stack that runs in the background runs on what is there.
  let run = isAddition ? await npm('install', '--no-save') : await npm('ci', ...omit);
  // `npm ci` insists on an entry for every platform's optional binaries. Where the lock file was written against a
  // registry that lacks some, `npm install` gets the same versions, and --no-save leaves the lock file as it is.
  if (run.status !== 0 && /code EUSAGE/.test(run.stderr)) run = await npm('install', '--no-save', ...omit);
  // The packages ask for Node 24, which this very installation brings: npm's warning would only confuse.
  const noise = /EBADENGINE|^npm (warn|WARN) allow-scripts/;
  const lines = run.stderr.split('\n').filter(line => line !== '' && !noise.test(line));
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`);
  if (run.error !== undefined || run.status !== 0) {
    const reason = run.error === undefined ? '' : `: ${run.error.message}`;
    process.stderr.write(`npm could not install the dependencies${reason}. Nothing was started.\n`);
    process.exit(run.status || 1);
  }
  writeFileSync(stamp, stampFor(needsTools));
  process.stderr.write(`Installed in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.\n`);
}

/** Runs npm to its end, and says meanwhile how much is there. */
async function npm(...args) {
  const cli = process.env.npm_execpath;
  const [command, ...prefix] = cli?.endsWith('.js') ? [process.execPath, cli] : ['npm'];
  // Without these, because what is left out is decided here.
  const { NODE_ENV: _, npm_config_production: __, npm_config_omit: ___, ...env } = process.env;
  const child = spawn(command, [...prefix, ...args, '--no-audit', '--no-fund'], {
    cwd: root,
    // npm's own output belongs on stderr: stdout is the script's.
    stdio: ['ignore', 2, 'pipe'],
    env,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const progress = showProgress();
  return await new Promise(resolve => {
    const end = (status, error) => {
      progress.stop();
      resolve({ status, error, stderr });
    };
    child.on('error', error => end(null, error));
    child.on('close', status => end(status, undefined));
  });
}

/** One line that changes on a terminal, a line now and then in a log. */
function showProgress() {
  const { isTTY } = process.stderr;
  const timer = setInterval(
    () =>
      process.stderr.write(
        `${isTTY ? '\r' : ''}${Math.round(bytesIn(modules) / 1024 / 1024)} MB${isTTY ? ' …' : '\n'}`,
      ),
    isTTY ? PROGRESS_MS.terminal : PROGRESS_MS.log,
  );
  return {
    stop() {
      clearInterval(timer);
      if (isTTY) process.stderr.write('\r\x1b[K');
    },
  };
}

/** What npm moves about meanwhile may be gone before it is looked at. */
function bytesIn(folder) {
  let bytes = 0;
  for (const file of namesIn(folder))
    bytes += lstatSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

function namesIn(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Runs `action` while no other first run of this folder does; a holder that died is succeeded. */
async function withInstallLock(action) {
  // The stack's data will lie here: private, but root's PostgreSQL, which is another user, must pass.
  privateFolder(path.dirname(lock), { mode: process.getuid?.() === 0 ? 0o711 : 0o700, within: root });
  let announced = false;
  while (!tryLock()) {
    const holder = Number(readIfAny(lock));
    if (holder > 0 && !isAlive(holder)) breakLock(holder);
    else if (!announced) {
      announced = true;
      process.stderr.write(`Waiting for process ${holder || '?'}, which is installing dependencies …\n`);
    }
    await sleep(LOCK_POLL_MS);
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    await action();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** A link to a finished file, so that nobody ever reads a lock without its holder. */
function tryLock() {
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Moves a dead holder's lock aside; when it turns out to be somebody's fresh one, the move is undone. */
function breakLock(deadHolder) {
  const aside = `${lock}.broken-${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (Number(readIfAny(aside)) === deadHolder) rmSync(aside);
  else renameSync(aside, lock);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readIfAny(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}
