// A run that is going on: rows that are appended to its log show up without anybody touching the page.
// SPDX-License-Identifier: Apache-2.0
import { appendFile, readFile } from 'node:fs/promises';

import { check, withPage } from './browser.mjs';

const [address, log] = process.argv.slice(2);
await withPage([address.split('#')[0]], async (page) => {
  await page.goto(address);
  await page.getByText('201 of 504 trials').waitFor();
  // The next trial of the plan: the second repetition of what the last row tried first. Rows that nobody planned are left out.
  const rows = (await readFile(log, 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  const row = rows.find((each) => each.index === 200);
  row.index = 201;
  row.trial += 1;
  delete row.log; // the mark of a log's line; a changed row without one is an older version's
  await appendFile(log, JSON.stringify(row) + '\n');
  await page.getByText('202 of 504 trials').waitFor();
  check(true, 'the new row is counted');
  await page.goto(address + `/trials?task=${row.task}`);
  const shown = rows.filter((each) => each.task === row.task).length + 1;
  await page.getByText(`${shown} of 202`).waitFor();
});
