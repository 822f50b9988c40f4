// Opens each view from a server, a report or a site; filters, follows links, compares. Arguments: kind and where.
// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { extname, join } from 'node:path';

import { accessible, check, withPage } from './browser.mjs';

const [kind, where] = process.argv.slice(2);
const shots = process.env.XSWEEP_SHOTS; // where screenshots go, when somebody wants to look
const EXP = 'airline_escalating_v1';
const FIRST = `${EXP}/20261101T101500Z-abcdef1-SHIM-s41_42_43-t2`;
const SECOND = `${EXP}/20261102T101500Z-bcdef12-SHIM-s41_42_43-t2`;
if (shots) mkdirSync(shots, { recursive: true });

/** Plain files as a static host hands them out: no ranges, no directory listing. */
async function hostFiles(folder) {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    readFile(join(folder, path === '/' ? 'index.html' : path)).then(
      (bytes) => response.writeHead(200, { 'content-type': types[extname(path)] ?? 'text/html' }).end(bytes),
      () => response.writeHead(404).end('not there'),
    );
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

const host = kind === 'site' ? await hostFiles(where) : null;
const base = host ? `http://127.0.0.1:${host.address().port}/` : where;
const allowed = [base.split('#')[0]];

async function shoot(page, name) {
  if (!shots) return;
  await page.screenshot({ path: join(shots, `${kind}_${name}.png`) });
}

async function seen(page, name, scheme) {
  await accessible(page, `${name} (${scheme})`);
  await shoot(page, `${name}_${scheme}`);
}

async function runs(page, scheme) {
  await page.goto(base);
  if (kind === 'report') {
    await page.getByText('the attack succeeded in').first().waitFor(); // a report of one run opens on it
    return;
  }
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  const all = await page.getByRole('status').innerText();
  check(/^\d+ of \d+$/.test(all), `the list counts its runs: ${all}`);
  await page.getByLabel('Experiment').selectOption(EXP);
  await page.getByRole('figure').waitFor();
  check((await page.getByRole('status').innerText()).startsWith('2 of'), 'filtering by experiment leaves two runs');
  check(page.url().includes(`exp=${EXP}`), 'the filter is part of the address');
  await seen(page, 'runs', scheme);
}

async function run(page, scheme) {
  await page.goto(`${base}#/run/${SECOND}`);
  await page.getByText('the attack succeeded in').first().waitFor();
  check((await page.getByText('95 % interval').count()) > 0, 'the headline carries its interval');
  check(await page.getByText('FAIL', { exact: true }).first().isVisible(), 'the verdict is shown');
  const gates = page.getByRole('region', { name: 'Gates' });
  check((await gates.innerText()).includes('the bound is above the limit'), 'each gate says why');
  check((await page.locator('label:has(> span:text-is("Cell")) select').inputValue()).startsWith('defense.name=refund_limit'), 'tasks are those of the worst defended cell');
  check((await page.locator('table.heatmap').count()) >= 2, 'the grid and the attack x defense matrix are there');
  check(await page.getByText('Errors and skipped trials are in no rate').isVisible(), 'errors are set apart');
  check(await page.getByText('What changed since the previous run').isVisible(), 'the previous run is named');
  check((await page.getByRole('link', { name: 'Compare with the previous run' }).count()) === (kind === 'report' ? 0 : 1), 'and can be compared with where it is there');
  check((await page.locator('.diff .added').innerText()).includes('susceptibility: 0.8'), 'the changed config line is shown');
  await seen(page, 'run', scheme);
  if (shots) await page.screenshot({ path: join(shots, `${kind}_run_full_${scheme}.png`), fullPage: true });
}

async function trials(page, scheme) {
  await page.getByRole('link', { name: /^All 504 trials$/ }).click();
  await page.getByRole('status').filter({ hasText: '504 of 504' }).waitFor();
  check((await page.locator('.virtual .scroll .row').count()) < 60, 'only visible rows are drawn');
  await page.getByLabel('Outcome').selectOption('attack_blocked');
  const filtered = await page.getByRole('status').innerText();
  check(/^\d+ of 504$/.test(filtered) && !filtered.startsWith('504'), `the outcome filter filters: ${filtered}`);
  await page.getByLabel('Text').fill('task_11');
  await page.waitForFunction((before) => document.querySelector('[role=status]').textContent !== before, filtered);
  check(page.url().includes('outcome=attack_blocked') && page.url().includes('q=task_11'), 'filters are part of the address');
  await seen(page, 'trials', scheme);
  await page.getByRole('table', { name: 'Trials' }).locator('.scroll').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Trial \d+$/ }).waitFor();
}

async function transcript(page, scheme) {
  if (kind === 'report') {
    await page.goto(`${base}#/run/${SECOND}/trials?outcome=attack_succeeded`);
    await page.locator('.virtual .scroll a').first().click();
  }
  await page.locator('mark.payload').first().waitFor();
  check((await page.locator('mark.payload').first().innerText()).includes('VP override'), 'the payload is highlighted');
  check((await page.locator('mark.payload').first().innerText()).includes('Thank you') === false, 'and nothing beside it');
  check(await page.getByText('entered the model’s context in turn 2').isVisible(), 'exposure is stated');
  if (kind !== 'report') {
    check((await page.locator('.fate-blocked').count()) > 0, 'the blocked call is marked');
    check(await page.getByText('150 USD is above the limit of 100').isVisible(), 'with the reason of the defense');
  } else {
    check((await page.locator('.fate-executed').count()) > 0, 'the executed call is marked');
  }
  check((await page.getByText('against the policy').count()) > 0, 'the effect is named');
  await seen(page, 'transcript', scheme);
  const here = page.url();
  await page.keyboard.press('n');
  await page.waitForFunction((old) => location.href !== old, here);
}

async function compare(page, scheme) {
  await page.goto(`${base}#/compare/${FIRST}/${SECOND}`);
  await page.getByText('On attack success, B is better than A').waitFor();
  check((await page.getByText('worse').count()) > 0, 'the comparison has a reading');
  await page.getByText('Trials that came out differently').waitFor();
  await page.getByText(/504 trials are in both runs/).waitFor();
  await seen(page, 'compare', scheme);
  await page.getByLabel('Show').selectOption('worse');
  await page.locator('.pairs .scroll a').first().click();
  await page.getByRole('heading', { name: 'One trial in both runs' }).waitFor();
  await page.locator('mark.payload').nth(1).waitFor();
  await seen(page, 'pair', scheme);
}

/** Nothing sticks out at the widths of a phone and of half a screen. */
async function narrow(page) {
  const views = { runs: '#/', run: `#/run/${SECOND}`, trials: `#/run/${SECOND}/trials`, trial: `#/run/${SECOND}/trial/0` };
  if (kind !== 'report') views.compare = `#/compare/${FIRST}/${SECOND}`;
  for (const width of [400, 900]) {
    await page.setViewportSize({ width, height: 800 });
    for (const [name, address] of Object.entries(views)) {
      await page.goto('about:blank');
      await page.goto(base + address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      check(wide <= width, `at ${width} px ${name} does not scroll sideways, but is ${wide} px wide`);
      if (width === 400) await seen(page, `${name}_narrow`, 'light');
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** An address is all that somebody else needs: what was chosen is chosen again, also in the trial that a list leads to. */
async function shared(page) {
  await page.goto(`${base}#/run/${SECOND}/trials?outcome=attack_succeeded&seed=42`);
  await page.getByRole('status').filter({ hasText: /^\d+ of 504$/ }).waitFor();
  await page.reload();
  await page.getByRole('status').filter({ hasText: /^\d+ of 504$/ }).waitFor();
  check((await page.getByLabel('Outcome').inputValue()) === 'attack_succeeded' && (await page.getByLabel('Seed').inputValue()) === '42', 'a reload keeps the filters');
  await page.locator('.virtual .scroll a').first().click();
  await page.getByText(/^1 of \d+ in this list$/).waitFor();
  await page.keyboard.press('n');
  await page.getByText(/^2 of \d+ in this list$/).waitFor();
  check(await page.locator('.facts .tag.attack_succeeded').isVisible(), 'the next trial is the next of the list');
  await page.getByRole('link', { name: 'Back to the list' }).click();
  check((await page.getByLabel('Seed').inputValue()) === '42', 'and the way back leads to the same list');
  await page.goto(`${base}#/run/${SECOND}?metric=task_success`);
  await page.reload();
  await page.getByText('Task success by threshold and defense').or(page.getByText('Task success by defense and threshold')).waitFor();
}

/** On paper a list is as long as it can be, and says what it leaves out. */
async function printed(page) {
  await page.goto(`${base}#/run/${SECOND}/trials`);
  await page.getByRole('status').filter({ hasText: '504 of 504' }).waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.getByText('The first 200 of 504 rows.').waitFor();
  check((await page.locator('.virtual .row').count()) === 201, 'two hundred rows and their head are printed');
  await page.emulateMedia({ media: 'screen' });
  await page.locator('.virtual .scroll').waitFor();
}

/** Tab reaches everything, and where it is can be seen. */
async function keyboard(page) {
  await page.goto('about:blank');
  await page.goto(`${base}#/run/${SECOND}/trials`);
  await page.getByRole('status').filter({ hasText: '504 of 504' }).waitFor();
  const reached = [];
  for (let i = 0; i < 14; ++i) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      if (document.activeElement === document.body) return '';
      return `${document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.slice(0, 20)}|${outlineStyle !== 'none' && outlineWidth !== '0px'}`;
    }));
  }
  check(reached.filter(Boolean).every((one) => one.endsWith('|true')), `focus is visible everywhere: ${reached.join(', ')}`);
  check(reached.some((one) => one?.startsWith('Trials: arrow keys')), `the list is reached: ${reached.join(', ')}`);
}

for (const colorScheme of ['light', 'dark']) {
  await withPage(allowed, async (page) => {
    await runs(page, colorScheme);
    await run(page, colorScheme);
    await trials(page, colorScheme);
    await transcript(page, colorScheme);
    if (kind !== 'report') await compare(page, colorScheme);
    if (colorScheme === 'dark') return;
    await narrow(page);
    await shared(page);
    await printed(page);
    await keyboard(page);
  }, { colorScheme });
}
host?.close();
