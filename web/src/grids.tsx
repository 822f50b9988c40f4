// A run as grids: rates by two axes, and attacks against defenses.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { Heatmap, type Grid } from './charts';
import { percent } from './format';
import { href, setFilter, type Route } from './route';
import { type Cell, type Matrix, type Rate, type Run } from './types';

const METRICS = {
  asr: 'Attack success rate',
  asr_exposed: 'Success rate where exposed',
  task_success: 'Task success',
} as const;
type Metric = keyof typeof METRICS;

/** The cells as a table of two axes, and attacks against defenses where there are several of either. */
export function Grids({ run, route }: { run: Run; route: Route }): JSX.Element | null {
  const cells = run.cells.filter((cell) => cell.arm === 'grid' || cell.arm === '');
  const axes = new Map(cells.flatMap((cell) => cell.axes.map(([path, , name]) => [path, name] as const)));
  const paths = [...axes.keys()];
  if (paths.length === 0 && !run.matrix) return null;
  const asked = route.filters.get('metric') ?? '';
  const metric: Metric = asked in METRICS ? (asked as Metric) : 'asr';
  const axis = (name: string, otherwise: string) => paths.find((path) => path === route.filters.get(name)) ?? otherwise;
  const down = axis('rows', paths[0] ?? '');
  const across = axis('columns', paths.find((path) => path !== down) ?? '');
  return (
    <>
      <h2>Grid</h2>
      <div class="filters">
        <label>
          <span>Show</span>{' '}
          <select value={metric} onChange={(event) => setFilter(route, 'metric', event.currentTarget.value)}>
            {Object.entries(METRICS).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {paths.length > 2 && (
          <AxisChoice label="Rows" axes={axes} value={down} choose={(path) => setFilter(route, 'rows', path)} />
        )}
        {paths.length > 2 && (
          <AxisChoice label="Columns" axes={axes} value={across} choose={(path) => setFilter(route, 'columns', path)} />
        )}
      </div>
      <div class="grids">
        {paths.length > 0 && (
          <Heatmap
            grid={axisGrid(run, cells, axes, down, across === down ? '' : across, metric)}
            caption={`${METRICS[metric]} by ${axes.get(down)}${across && across !== down ? ` and ${axes.get(across)}` : ''}`}
          />
        )}
        {run.matrix && <AttackDefense run={run} matrix={run.matrix} metric={metric} />}
      </div>
    </>
  );
}

function AxisChoice({
  label,
  axes,
  value,
  choose,
}: {
  label: string;
  axes: Map<string, string>;
  value: string;
  choose: (path: string) => void;
}): JSX.Element {
  return (
    <label>
      <span>{label}</span>{' '}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {[...axes].map(([path, name]) => (
          <option key={path} value={path}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Of cells that share a place (axes that are not shown) the worst, as in heatmap.png: no number adds up cells. */
function worstOf(cells: Cell[], metric: Metric): Rate | null {
  const rates = cells.map((cell) => cell[metric]);
  const sign = metric === 'task_success' ? -1 : 1;
  const worth = (rate: Rate) => (rate.value === null ? -2 : sign * rate.value);
  return rates.reduce<Rate | null>(
    (worst, rate) => (worst === null || worth(rate) > worth(worst) ? rate : worst),
    null,
  );
}

function axisGrid(
  run: Run,
  cells: Cell[],
  axes: Map<string, string>,
  down: string,
  across: string,
  metric: Metric,
): Grid {
  const value = (cell: Cell, path: string) => cell.axes.find(([name]) => name === path)?.[1] ?? '';
  const at = (row: string, column: string) =>
    cells.filter((cell) => value(cell, down) === row && (!across || value(cell, across) === column));
  return {
    rowName: axes.get(down) ?? '',
    columnName: axes.get(across) ?? '',
    rows: [...new Set(cells.map((cell) => value(cell, down)))],
    columns: across ? [...new Set(cells.map((cell) => value(cell, across)))] : [METRICS[metric]],
    rate: (row, column) => worstOf(at(row, column), metric),
    link: (row, column) => (at(row, column).length === 1 ? trialsOf(run, { cell: at(row, column)[0]!.id }) : null),
  };
}

export const trialsOf = (run: Run, filters: Record<string, string>): string =>
  href(['run', ...run.path.split('/'), 'trials'], filters);

function AttackDefense({ run, matrix, metric }: { run: Run; matrix: Matrix; metric: Metric }): JSX.Element {
  const row = (defense: string) => matrix.rows.find((candidate) => candidate.defense === defense)!;
  const square = (defense: string, attack: string) => row(defense).squares[matrix.attacks.indexOf(attack)] ?? null;
  const worst = (defense: string) => {
    const place = row(defense).worst;
    return place === null ? (
      <span class="muted">N/A</span>
    ) : (
      <>
        <b>{percent(row(defense).squares[place]!.asr.value)}</b>
        <small>{matrix.attacks[place]}</small>
      </>
    );
  };
  const utility = (defense: string) => {
    const { utility: rate, utility_without_attack } = row(defense);
    return rate.value === null ? (
      <span class="muted">N/A</span>
    ) : (
      <>
        <b>{percent(rate.value)}</b>
        <small>
          {rate.k} of {rate.n}, {utility_without_attack ? 'no attack' : 'attacked'}
        </small>
      </>
    );
  };
  return (
    <Heatmap
      caption={`${METRICS[metric]}, attacks against defenses`}
      grid={{
        rowName: 'defense',
        columnName: 'attack',
        rows: matrix.rows.map(({ defense }) => defense),
        columns: matrix.attacks,
        rate: (defense, attack) => square(defense, attack)?.[metric] ?? null,
        link: (defense, attack) => trialsOf(run, { cell: square(defense, attack)?.cell ?? '' }),
        more: { names: ['worst attack', 'task success'], cells: (defense) => [worst(defense), utility(defense)] },
      }}
    />
  );
}
