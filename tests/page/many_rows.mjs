// A run of several chunks: all rows arrive, filters see all of them, and the list can be walked to its last row by keys.
// SPDX-License-Identifier: Apache-2.0
import { check, withPage } from './browser.mjs';

const [address, total] = [process.argv[2], Number(process.argv[3])];
const text = total.toLocaleString('en-GB');
await withPage([address.split('#')[0]], async (page) => {
  await page.goto(address);
  const status = page.getByRole('status');
  await status.filter({ hasText: new RegExp(`^${text} of ${text}$`) }).waitFor();
  let sum = 0;
  const outcome = page.getByLabel('Outcome');
  for (const option of await outcome.locator('option').evaluateAll((all) => all.map((one) => one.value).filter(Boolean))) {
    await outcome.selectOption(option);
    await page.waitForFunction((name) => location.hash.includes(`outcome=${name}`), option);
    sum += Number((await status.innerText()).split(' of ')[0].replaceAll(',', ''));
  }
  check(sum === total, `the outcomes add up to all rows: ${sum} of ${total}`);
  await outcome.selectOption('');
  await page.locator('.virtual .scroll').focus();
  await page.keyboard.press('End');
  await page.locator('.virtual .scroll .row a', { hasText: new RegExp(`^${total - 1}$`) }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `Trial ${total - 1}` }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: `Trial ${total - 1}` }).waitFor();
});
