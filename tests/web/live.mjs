// A run that is going on: rows that are appended to its log show up without anybody touching the page.
// SPDX-License-Identifier: Apache-2.0
import { appendFile, readFile } from 'node:fs/promises';

import { check, withPage } from './browser.mjs';

const [address, log] = process.argv.slice(2);
await withPage([address.split('#')[0]], async (page) => {
  await page.goto(address);
  await page.getByText('201 of 504 trials').waitFor();
  const row = JSON.parse((await readFile(log, 'utf8')).split('\n')[0]);
  row.index = 201;
  row.task = 'task_late';
  delete row.log; // the mark of a log's line; a changed row without one is an older version's
  await appendFile(log, JSON.stringify(row) + '\n');
  await page.getByText('202 of 504 trials').waitFor();
  check(true, 'the new row is counted');
  await page.goto(address.replace('#/run', '#/run') + '/trials?task=task_late');
  await page.getByText('1 of 202').waitFor();
});
