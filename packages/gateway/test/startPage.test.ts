import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { startBrowser, type TestBrowser } from '@peakstone/testing';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { rest, start } from './support.ts';

const services = {
  routes: [
    rest,
    {
      ...rest,
      name: 'files',
      title: 'Object storage with a rather long title',
      contract: 'S3, as MinIO serves it',
      host: 'files.and.images.of.a.department.with.a.long.name.example.com',
      paths: ['/storage/v1', '/a-path-without-any-place-where-a-browser-would-break-it-by-itself/v1'],
    },
  ],
  listed: [
    {
      name: 'postgres',
      title: 'PostgreSQL 17',
      address: 'postgres://127.0.0.1:5432/a_database_with_a_name_that_is_longer_than_a_phone_is_wide',
      health: async () => ({ ok: false, reason: 'refused' }) as const,
    },
  ],
};

interface Opened {
  readonly page: Page;
  /** What it complained about: refused by its policy, or gone wrong. */
  readonly complaints: readonly string[];
}

describe('the start page in a browser', () => {
  let started: TestBrowser | string;
  let url: string;
  before(
    async () => {
      started = await startBrowser();
      ({ url } = await start(services.routes, { listed: services.listed }));
    },
    { timeout: 280_000 },
  );
  after(async () => {
    if (typeof started === 'object') await started.close();
  });

  /** Opens it in a window of its own; undefined when there is no browser, and the test is skipped. */
  async function open(test: TestContext, options: BrowserContextOptions): Promise<Opened | undefined> {
    if (typeof started === 'string') {
      test.skip(started);
      return undefined;
    }
    const context = await started.browser.newContext(options);
    test.after(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(error.message));
    page.on('requestfailed', request => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    assert.equal((await page.goto(url))?.status(), 200);
    return { page, complaints };
  }

  const grounds = { light: 'rgb(246, 247, 249)', dark: 'rgb(15, 21, 28)' };
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`lists every service with its health, in ${colorScheme}, and nothing is refused`, async test => {
      const opened = await open(test, { colorScheme });
      if (opened === undefined) return;
      const { page, complaints } = opened;
      const cards = await page.locator('.services li').filter({ visible: true }).all();
      const seen = await Promise.all(
        cards.map(card =>
          Promise.all([card.locator('h3').textContent(), card.locator('.state').textContent()]),
        ),
      );
      assert.deepEqual(seen, [
        ['PostgreSQL 17', 'Down'],
        ['REST API', 'Runs'],
        ['Object storage with a rather long title', 'Runs'],
      ]);
      assert.equal(await page.locator('header .state').textContent(), '1 service is down');
      // Its own style counts only when the policy names it rightly.
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      assert.equal(ground, grounds[colorScheme]);
      assert.deepEqual(complaints, []);
    });
  }

  it('leads to each path', async test => {
    const opened = await open(test, {});
    if (opened === undefined) return;
    const { page, complaints } = opened;
    const [response] = await Promise.all([
      page.waitForResponse(answer => answer.url() === `${url}/rest/v1/`),
      page.getByRole('link', { name: '/rest/v1', exact: true }).click(),
    ]);
    assert.equal(response.status(), 200);
    assert.deepEqual(complaints, []);
  });

  for (const width of [320, 390]) {
    it(`fits a phone ${width} pixels wide`, async test => {
      const opened = await open(test, {
        viewport: { width, height: 800 },
        isMobile: true,
        deviceScaleFactor: 2,
      });
      if (opened === undefined) return;
      const { page, complaints } = opened;
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      const cut = await page
        .locator('.services li, header, dd, h3')
        .evaluateAll(
          (elements, right) =>
            elements.filter(
              element =>
                element.scrollWidth > element.clientWidth || element.getBoundingClientRect().right > right,
            ).length,
          width,
        );
      assert.equal(cut, 0);
      assert.deepEqual(complaints, []);
    });
  }
});
