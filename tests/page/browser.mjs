// A headless browser whose every request and error is noted. Uses the Chromium of the system.
// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
export const axe_script = require.resolve('axe-core/axe.min.js');

export function check(condition, what) {
  if (condition) return;
  console.error(`not so: ${what}`);
  process.exitCode = 1;
}

/** Calls `look` with a page; fails on script errors, blocked loads, requests to anywhere but `allowed` and, unless
 * `missing`, files that are not there. */
export async function withPage(allowed, look, { missing = false, ...options } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'xsweep_chromium_'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const requests = [];
  context.on('request', (request) => requests.push(request.url()));
  const page = await context.newPage();
  page.on('pageerror', (error) => check(false, `no script error, but: ${error.stack ?? error}`));
  page.on('console', (message) => {
    const absent = missing && message.text().includes('404 (Not Found)');
    if (message.type() === 'error' && !absent) check(false, `nothing on the console, but: ${message.text()}`);
  });
  page.on('dialog', (dialog) => { check(false, 'no dialog opens'); void dialog.dismiss(); });
  page.setDefaultTimeout(15000);
  try {
    await look(page, requests);
  } catch (error) {
    check(false, error.stack ?? String(error));
    console.error((await page.locator('body').innerText().catch(() => '')).slice(0, 2000));
  } finally {
    const strange = requests.filter((url) => !allowed.some((start) => url.startsWith(start)) && !url.startsWith('data:'));
    check(strange.length === 0, `no request leaves, but: ${strange.slice(0, 5).join(' ')}`);
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** No violation of WCAG level A or AA. */
export async function accessible(page, view) {
  // The page's policy forbids scripts from anywhere else, so axe comes in through the debugger, not through the page.
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(await readFile(axe_script, 'utf8'));
  const { violations } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  }));
  for (const violation of violations) {
    check(false, `${view} is accessible: ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary.slice(0, 200)).join(' | ')}`);
  }
}
