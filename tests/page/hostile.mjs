// A run in which every text is an attack on the page: no script of it runs, nothing it names is asked for.
// SPDX-License-Identifier: Apache-2.0
import { check, withPage } from './browser.mjs';

const [address] = process.argv.slice(2);
const base = address.split('#')[0];

await withPage([base], async (page) => {
  const run = '#/run/hostile/20261103T101500Z-nogit-SHIM-s1-t1';
  for (const view of [run, `${run}/trials`, `${run}/trial/0`, `${run}/trial/1`, `${run}/trial/5`,
                      '#/run/%3Cimg%20src=x%20onerror=hacked=7%3E/x', '#/run/../..', '#/compare/a/b/c/d', '#/%E0%A4%A']) {
    await page.goto('about:blank');
    await page.goto(base + view);
    await page.locator('main').waitFor();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(150);
    await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
    check((await page.evaluate(() => window.hacked)) === undefined, `no foreign script ran in ${view}`);
    const made = await page.evaluate(() => document.querySelectorAll('main script, main img, main iframe, main style, main base, main meta, main [onerror], main [onload], main a[href^="javascript:" i]').length);
    check(made === 0, `no foreign element in ${view}, but ${made}`);
    check(page.url().startsWith(base), `the page was not led away from ${view}`);
  }
  await page.goto(base + run + '/trial/0');
  await page.getByText('<script>window.hacked=1', { exact: false }).first().waitFor();
}, { missing: true });
