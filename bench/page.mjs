// How long a browser waits for the page: a large run's first view and filters, a long list of runs.
// usage: node bench/page.mjs ADDRESS-OF-LARGE EXP/RUN_ID ADDRESS-OF-MANY        prints: name milliseconds
// SPDX-License-Identifier: Apache-2.0
import { withPage } from '../tests/page/browser.mjs';

const [large, path, many] = process.argv.slice(2);
const say = (what, from) => console.log(what, Math.round(performance.now() - from));

await withPage([large], async (page) => {
  page.setDefaultTimeout(120000);
  let from = performance.now();
  await page.goto(`${large}#/run/${path}`);
  await page.getByText('95 % interval').first().waitFor();
  say('first_view', from);
  from = performance.now();
  await page.goto(`${large}#/run/${path}/trials`);
  await page.locator('.virtual .scroll a').first().waitFor();
  say('first_rows', from);
  await page.waitForFunction(() => /^([\d,]+) of \1$/.test(document.querySelector('[role=status]')?.textContent ?? ''));
  say('all_rows', from);
  // From the keystroke or choice to the frame in which the shorter list is there.
  const filter = (label, value) => page.evaluate(([name, wanted]) => new Promise((done) => {
    const control = [...document.querySelectorAll('.filters label')].find((one) => one.textContent.startsWith(name)).querySelector('select, input');
    const start = performance.now();
    control.value = wanted;
    control.dispatchEvent(new Event(control.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
    const before = document.querySelector('.filters [role=status]').textContent;
    const look = () => (document.querySelector('.filters [role=status]').textContent === before ? requestAnimationFrame(look) : done(performance.now() - start));
    requestAnimationFrame(look);
  }), [label, value]);
  const times = [];
  for (const [label, value] of [['Outcome', 'attack_succeeded'], ['Seed', '42'], ['Text', '2'], ['Text', '21'], ['Outcome', ''], ['Text', 'certificate']]) {
    times.push(await filter(label, value));
  }
  console.log('slowest_filter', Math.round(Math.max(...times)));
}, {});

await withPage([many], async (page) => {
  page.setDefaultTimeout(120000);
  const from = performance.now();
  await page.goto(many);
  await page.locator('.virtual .scroll a').first().waitFor();
  say('list', from);
}, {});
