/** A real Chromium for tests: $CHROMIUM, the one of the system, or (in CI, as root on Debian) one installed first. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const SYSTEM = '/usr/bin/chromium';
/** Tests run as root in containers, where its sandbox can't; and it talks to nobody but the page under test. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** A browser with a profile and a home of its own, or why there is none. */
export async function startBrowser(): Promise<TestBrowser | string> {
  const executablePath = process.env.CHROMIUM || SYSTEM;
  if (!existsSync(executablePath)) {
    const reason = process.env.CHROMIUM ? `$CHROMIUM is not there: ${executablePath}` : await install();
    if (reason !== undefined) return reason;
  }
  const home = mkdtempSync(path.join(tmpdir(), 'peakstone-browser-'));
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  try {
    // Playwright makes the profile, and removes it with the browser.
    const browser = await chromium.launch({
      executablePath,
      args: ARGUMENTS,
      env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
      timeout: 60_000,
    });
    return {
      browser,
      close: async () => {
        await browser.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** @returns why it can't be installed */
async function install(): Promise<string | undefined> {
  if (process.env.CI !== 'true' || process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    return `there is no ${SYSTEM}; name another one in $CHROMIUM`;
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 110_000 };
  try {
    await promisify(execFile)('apt-get', ['update', '-qq'], options);
    await promisify(execFile)(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
      options,
    );
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return `Chromium can not be installed: ${stderr?.trim().split('\n').at(-1) || message}`;
  }
  return existsSync(SYSTEM) ? undefined : `Chromium was installed, but not as ${SYSTEM}`;
}
