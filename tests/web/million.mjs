// A million trials: how long the first view and a filter take. Prints what it measured.
// SPDX-License-Identifier: Apache-2.0
import { check, withPage } from './browser.mjs';

const [base, path] = process.argv.slice(2);
await withPage([base], async (page) => {
  page.setDefaultTimeout(120000);
  let started = Date.now();
  await page.goto(`${base}#/run/${path}`);
  await page.getByText('95 % interval').first().waitFor();
  console.log(`first view of the run: ${Date.now() - started} ms`);
  started = Date.now();
  await page.goto(`${base}#/run/${path}/trials`);
  await page.locator('.virtual .scroll a').first().waitFor();
  console.log(`first rows: ${Date.now() - started} ms`);
  await page.waitForFunction(() => /^(1,008,000|1008000) of (1,008,000|1008000)$/.test(document.querySelector('[role=status]')?.textContent ?? ''));
  console.log(`all rows: ${Date.now() - started} ms`);
  await page.evaluate(() => performance.clearMeasures());
  await page.getByLabel('outcome').selectOption('attack_succeeded');
  await page.getByLabel('text').fill('task_117');
  await page.waitForFunction(() => performance.getEntriesByName('filter').length >= 2);
  const times = await page.evaluate(() => performance.getEntriesByName('filter').map((entry) => Math.round(entry.duration)));
  console.log(`filters: ${times.join(', ')} ms`);
  check(Math.max(...times) < 200, `a filter takes under 200 ms: ${times}`);
  await page.locator('.virtual .scroll').evaluate((box) => { box.scrollTop = box.scrollHeight; });
  await page.waitForTimeout(300);
  console.log(`memory of the page: ${Math.round((await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0)) / 1e6)} MB`);
});
