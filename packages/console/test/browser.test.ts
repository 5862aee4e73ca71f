/** The console as a person works with it, in a real browser: by keys and by mouse, in both colours. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { startBrowser, type TestBrowser } from '@peakstone/testing';
import type { BrowserContext, Page } from 'playwright-core';
import { ensureBuilt } from '../src/assets/build.ts';
import { Lab, PASSWORD } from './lab.ts';

const SQL = `
create table public.lakes (id bigint generated always as identity primary key, name text not null, note text, depth numeric default 1);
insert into public.lakes (name) select 'Lake ' || g from generate_series(1, 5000) g;
create table public."<img src=x onerror=alert(1)>" (id int primary key, "<b>bold</b>" text);
insert into public."<img src=x onerror=alert(1)>" values (1, '<script>alert(2)</script>');
analyze;`;

/** What a page's policy refused, with where: the browser's own words have no place. */
const tellViolations = `addEventListener('securitypolicyviolation', event =>
  console.error('refused by the policy', event.violatedDirective, event.composedPath()[0]?.outerHTML?.slice(0, 200)), true)`;

/**
 * Errors that are none of the page's: what was refused is told by the line above; a stack that is away; and that Chromium itself
 * gives text a style where it replaces a selection in an editor.
 */
const EXPECTED =
  /^(?:Applying inline style|Failed to load resource|refused by the policy style-src-attr <div class="cm-)/;

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

await ensureBuilt();
const started = await startBrowser();
const skip = typeof started === 'string' ? started : false;

describe('the console in a browser', { skip }, () => {
  const { browser, close } = started as TestBrowser;
  let lab: Lab;
  let context: BrowserContext;
  let page: Page;
  /** What the page said, and whom it asked besides its own origin. */
  const said: string[] = [];
  before(async () => {
    lab = await Lab.start(SQL);
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addInitScript(tellViolations);
    page = await open();
    await page.goto(`${lab.origin}/console/#link=${lab.link()}`);
    await page.waitForSelector('nav[aria-label="Areas"]');
  });
  after(async () => {
    await close();
    await lab.stop();
  });

  async function open(): Promise<Page> {
    const made = await context.newPage();
    made.on('console', message => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) said.push(message.text());
    });
    made.on('pageerror', error => said.push(String(error.stack)));
    made.on('dialog', dialog => {
      said.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    made.on(
      'request',
      request =>
        new URL(request.url()).origin === lab.origin ||
        request.url().startsWith('blob:') ||
        said.push(request.url()),
    );
    return made;
  }

  const cell = (text: string) => page.getByRole('gridcell', { name: text, exact: true });

  it('signs in by a link, which leaves the address at once, and shows a second tab without asking', async () => {
    assert.ok(!page.url().includes('link='));
    const second = await open();
    await second.goto(`${lab.origin}/console/sql`);
    await second.waitForSelector('.cm-content');
    await second.close();
  });

  it('opens a table by its name from anywhere, by keys alone', async () => {
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Tables, views, columns, areas').waitFor();
    await page.keyboard.type('lak');
    await page.getByRole('option', { name: /lakes/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await cell('Lake 1').waitFor();
    assert.match(page.url(), /\/console\/data\/public\/lakes$/);
  });

  it('shows the last rows as soon as the first', async () => {
    await page.getByRole('button', { name: 'To the last' }).click();
    await cell('Lake 5000').waitFor();
    await page.getByRole('button', { name: 'To the first' }).click();
    await cell('Lake 1').waitFor();
  });

  it('edits cells by keys, shows the SQL, writes it, and takes it back', async () => {
    const grid = page.getByRole('grid');
    await cell('Lake 1').click();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Loch 1');
    await page.keyboard.press('Enter');
    await page.getByText('1 change', { exact: true }).waitFor();
    await page.keyboard.press('Control+Shift+s');
    const review = page.getByRole('dialog');
    await review.getByText(`"name" = 'Loch 1'::text`).waitFor();
    await review.getByRole('button', { name: 'Commit' }).click();
    await page.getByText('1 change was written.').waitFor();
    const name = async () =>
      String((await lab.admin.query('select name from public.lakes where id = 1'))[0]![0]);
    assert.equal(await name(), 'Loch 1');
    await page.getByRole('button', { name: 'Undo' }).click();
    await cell('Lake 1').waitFor();
    assert.equal(await name(), 'Lake 1');
    assert.equal(await grid.getAttribute('aria-rowcount'), '5001');
  });

  it('keeps what was typed over a reload and while the stack is away, and writes it when it is back', async () => {
    await cell('Lake 2').click();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Loch 2');
    await page.keyboard.press('Enter');
    await page.getByText('1 change', { exact: true }).waitFor();
    const { port } = new URL(lab.origin);
    await lab.end();
    await page.keyboard.press('Control+s');
    await page.getByText('The stack does not answer').first().waitFor();
    await lab.begin(Number(port));
    await page.reload();
    await page.getByText('1 change', { exact: true }).waitFor();
    await cell('Loch 2').waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText('1 change was written.').waitFor();
  });

  it('says that somebody was faster, and writes nothing', async () => {
    await cell('Lake 3').click();
    await page.keyboard.press('Enter');
    await page.keyboard.type(' mine');
    await page.keyboard.press('Enter');
    await lab.admin.query(`update public.lakes set name = 'theirs' where id = 3`);
    await page.keyboard.press('Control+s');
    await page.getByText('Somebody has changed the row since you saw it').waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  it('runs SQL, shows its results and where it is wrong', async () => {
    await page.getByRole('navigation', { name: 'Areas' }).getByRole('button', { name: 'SQL' }).click();
    await page.locator('.cm-content').click();
    await page.keyboard.type("select 'found' as it, null as nothing;\nselect nope from public.lakes");
    await page.keyboard.press('Control+Enter');
    await page.getByRole('cell', { name: 'found' }).waitFor();
    await page.locator('.underlined', { hasText: 'nope' }).waitFor();
  });

  it('cancels what runs', async () => {
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('select pg_sleep(600)');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Running, 0 rows').waitFor();
    await page.keyboard.press('Control+.');
    await page.getByText('Cancelled').waitFor();
  });

  it('shows hostile names and values as text', async () => {
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Tables, views, columns, areas').fill('onerror');
    await page
      .getByRole('option', { name: /onerror/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await cell('<script>alert(2)</script>').waitFor();
  });

  it('names operators, who see what their role lets them', async () => {
    await page.getByRole('navigation', { name: 'Areas' }).getByRole('button', { name: 'Operators' }).click();
    await page.getByLabel('Name', { exact: true }).fill('ada');
    await page.getByLabel('Password, 12 characters or more').fill(PASSWORD);
    await page.getByRole('button', { name: 'Keep operator' }).click();
    await page.getByRole('cell', { name: 'ada', exact: true }).waitFor();
    const other = await browser.newContext();
    const theirs = await other.newPage();
    await theirs.goto(`${lab.origin}/console/data/public/lakes`);
    await theirs.getByLabel('Operator').fill('ada');
    await theirs.getByLabel('Password').fill(PASSWORD);
    await theirs.getByRole('button', { name: 'Sign in' }).click();
    await theirs.getByRole('gridcell', { name: 'Lake 1', exact: true }).waitFor();
    assert.equal(await theirs.getByRole('button', { name: 'Add a row' }).count(), 0);
    assert.equal(await theirs.getByRole('button', { name: 'Operators' }).count(), 0);
    await other.close();
  });

  it('asks nobody else, breaks no rule of its own, and has no error to hide', () => {
    assert.deepEqual(said, []);
    assert.deepEqual(lab.faults, []);
  });

  it('has nothing that a checker of accessibility finds, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const place of ['data', 'data/public/lakes', 'sql', 'operators']) {
        await page.goto(`${lab.origin}/console/${place}`);
        await page.waitForSelector('main .bar, main h1, main h2');
        await page.waitForSelector('.busy', { state: 'detached' });
        // Last, as it adds styles of its own, which the page's policy refuses.
        const violations = await page.evaluate(
          `${axe}; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(node => node.html).slice(0, 3).join(' | ')))`,
        );
        assert.deepEqual(violations, [], `${place} in ${colorScheme}`);
      }
    }
  });
});
