// A run by seed and by task.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { Distribution, Heatmap, type Grid } from './charts';
import { percent } from './format';
import { trialsOf } from './grids';
import { setFilter, type Route } from './route';
import { type Cell, type Run } from './types';

export function PerSeed({ run }: { run: Run }): JSX.Element | null {
  const cells = run.cells.filter((cell) => cell.asr.n > 0);
  const seeds = [...new Set(cells.flatMap((cell) => cell.seeds.map((seed) => seed.seed)))];
  if (cells.length === 0) return null;
  const grid: Grid = {
    rowName: 'cell',
    columnName: 'seed',
    rows: cells.map((cell) => cell.id),
    columns: seeds.slice(0, 24),
    rowLabel: (id) => cells.find((cell) => cell.id === id)!.label,
    rate: (row, column) =>
      cells.find((cell) => cell.id === row)?.seeds.find((seed) => seed.seed === column)?.asr ?? null,
    link: (cell, seed) => trialsOf(run, { cell, seed }),
  };
  return (
    <details open={seeds.length > 1 && seeds.length <= 12 && cells.length <= 20}>
      <summary>
        <h2>By seed</h2>
      </summary>
      <Heatmap
        grid={grid}
        caption={`Attack success rate by cell and seed${seeds.length > 24 ? ` (the first 24 of ${seeds.length} seeds)` : ''}`}
      />
    </details>
  );
}

/** The cell that matters most: the worst of those that were attacked and defended, else of those attacked. */
function worstDefended(cells: Cell[]): Cell | undefined {
  const attacked = cells.filter((cell) => cell.asr.n > 0);
  const grid = attacked.filter((cell) => cell.arm === 'grid' || cell.arm === '');
  const defended = grid.filter((cell) => cell.defense !== '' && cell.defense !== 'none');
  const of = [defended, grid, attacked, cells].find((some) => some.length > 0) ?? [];
  return of.reduce<Cell | undefined>(
    (worst, cell) => (worst === undefined || (cell.asr.value ?? -1) > (worst.asr.value ?? -1) ? cell : worst),
    undefined,
  );
}

export function PerTask({ run, route }: { run: Run; route: Route }): JSX.Element | null {
  const asked = route.filters.get('cell') ?? '';
  const cell = run.cells.find(({ id }) => id === asked) ?? worstDefended(run.cells);
  const chosen = cell?.id ?? '';
  const cells = cell === undefined ? [] : [cell];
  const totals = run.tasks.map((task) => ({ task, k: 0, n: 0, solved: 0, assessed: 0 }));
  for (const [task, k, n, , , solved, assessed] of cells.flatMap((cell) => cell.tasks)) {
    const total = totals[task]!;
    total.k += k;
    total.n += n;
    total.solved += solved;
    total.assessed += assessed;
  }
  const attackedTasks = totals.filter((row) => row.n > 0).map((row) => row.k / row.n);
  const solved = totals.filter((row) => row.assessed > 0).map((row) => row.solved / row.assessed);
  const worst = totals
    .filter((row) => row.n + row.assessed > 0)
    .sort((a, b) => b.k / (b.n || 1) - a.k / (a.n || 1))
    .slice(0, 200);
  if (run.tasks.length === 0) return null;
  return (
    <>
      <h2>By task</h2>
      <div class="filters">
        <label>
          <span>Cell</span>
          <select value={chosen} onChange={(event) => setFilter(route, 'cell', event.currentTarget.value)}>
            {run.cells.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="charts">
        {attackedTasks.length > 0 && <Distribution values={attackedTasks} what="Tasks by attack success rate" />}
        {solved.length > 0 && <Distribution values={solved} what="Tasks by task success" />}
      </div>
      <details>
        <summary>
          Table of tasks{run.tasks.length > worst.length ? ` (the ${worst.length} with the highest rate)` : ''}
        </summary>
        <div class="wide-content" tabIndex={0} role="region" aria-label="Tasks">
          <table>
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col">Attack success rate</th>
                <th scope="col">Task success</th>
              </tr>
            </thead>
            <tbody>
              {worst.map((row) => (
                <tr key={row.task}>
                  <th scope="row">
                    <a href={trialsOf(run, { task: row.task, cell: chosen })}>{row.task}</a>
                  </th>
                  <td>{row.n > 0 ? `${percent(row.k / row.n)} (${row.k} of ${row.n})` : 'N/A'}</td>
                  <td>
                    {row.assessed > 0
                      ? `${percent(row.solved / row.assessed)} (${row.solved} of ${row.assessed})`
                      : 'N/A'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}
