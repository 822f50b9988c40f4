// One run: the headline first, then where it comes from, cell by cell, seed by seed, task by task.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { Distribution, Heatmap, OutcomeBar, RateBar, RateText, type Grid } from './charts';
import { count, interval, percent, pretty, short, usd, when, words } from './format';
import { Changes, Crumbs, Facts, Waiting } from './parts';
import { href, runHref, setFilter, type Route } from './route';
import { embedded, live, useFile } from './source';
import { changes } from './text_diff';
import { type Cell, type GateResult, type Matrix, type Rate, type Run, type RunList } from './types';

const METRICS = {
  asr: 'Attack success rate',
  asr_exposed: 'Success rate where exposed',
  task_success: 'Task success',
} as const;
type Metric = keyof typeof METRICS;

export function RunView({ path, route }: { path: string; route: Route }): JSX.Element {
  const { value: run, error } = useFile<Run>(`data/${path}/run.json`);
  // A copy holds the runs that somebody chose; a server has them all.
  const { value: list } = useFile<RunList>(live ? null : 'data/runs.json');
  if (!run) return <Waiting error={error} what={`run ${path}`} />;
  const pathAt = list?.columns.indexOf('path') ?? -1;
  const previousIsThere = live || (list?.rows.some((row) => row[pathAt] === run.previous?.path) ?? false);
  return (
    <article>
      <Crumbs path={path} />
      <h1>{run.manifest.exp ?? path}</h1>
      <Headline run={run} />
      <p class="actions">
        <a class="button" href={runHref(path, 'trials')}>
          All {count(run.rows)} trials
        </a>
        {run.total.outcomes.attack_succeeded > 0 && (
          <a class="button" href={href(['run', ...path.split('/'), 'trials'], { outcome: 'attack_succeeded' })}>
            Successful attacks
          </a>
        )}
        {run.total.outcomes.error > 0 && (
          <a class="button" href={href(['run', ...path.split('/'), 'trials'], { outcome: 'error' })}>
            Errors
          </a>
        )}
        {run.previous && previousIsThere && (
          <a class="button" href={href(['compare', ...run.previous.path.split('/'), ...path.split('/')])}>
            Compare with the previous run
          </a>
        )}
      </p>
      <h2>Outcomes</h2>
      <OutcomeBar outcomes={run.total.outcomes} />
      <p class="muted">
        Errors and skipped trials are in no rate. Error rate among ended trials:{' '}
        {run.error_rate.value === null ? 'N/A' : percent(run.error_rate.value)}.
      </p>
      {run.findings.map((finding) => (
        <p class="note" key={finding}>
          {finding}
        </p>
      ))}
      <Cells run={run} />
      <Grids run={run} route={route} />
      <PerSeed run={run} />
      <PerTask run={run} route={route} />
      <Cost run={run} />
      <Changed run={run} link={previousIsThere} />
      <Origin run={run} />
    </article>
  );
}

function Headline({ run }: { run: Run }): JSX.Element {
  const { status, verdict, gates, planned, headline } = run.manifest;
  const results = headline?.gates;
  const under_way = status === 'running';
  return (
    <section class={`headline ${verdict ?? ''}`}>
      <p class="lead">{run.headline}</p>
      <RateBar rate={run.asr.n > 0 ? run.asr : run.task_success} wide />
      <p class="marks">
        {verdict ? <span class={`verdict ${verdict}`}>{verdict}</span> : <span class="muted">No gate was set.</span>}
        {gates && gates.length > 0 && !results && (
          <span>
            Gate{gates.length > 1 ? 's' : ''}:{' '}
            {gates.map((gate) => (
              <code key={gate}>{gate}</code>
            ))}
          </span>
        )}
        <span class={`status ${status ?? ''}`}>{status}</span>
        {status !== 'completed' && (
          <span role="status">
            {count(run.rows)} of {count(planned ?? 0)} trials{' '}
            {under_way ? (live ? '(live)' : 'when this was written') : 'were recorded'}
          </span>
        )}
      </p>
      {under_way && <progress value={run.rows} max={planned || 1} aria-label="Trials recorded" />}
      {run.included && <p class="note">{run.included.note}</p>}
      {results && results.length > 0 && <Gates run={run} results={results} />}
    </section>
  );
}

/** What each gate asked, saw and said. */
function Gates({ run, results }: { run: Run; results: GateResult[] }): JSX.Element {
  const cellOf = (id: string) => run.cells.find((cell) => cell.id === id)?.label ?? id;
  return (
    <div class="wide-content" tabIndex={0} role="region" aria-label="Gates">
      <table>
        <thead>
          <tr>
            <th scope="col">Gate</th>
            <th scope="col">Verdict</th>
            <th scope="col" class="n">
              Seen
            </th>
            <th scope="col">Interval</th>
            <th scope="col" class="n">
              Trials
            </th>
            <th scope="col">In</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {results.map((result) => (
            <tr key={result.gate}>
              <th scope="row">
                <code>{result.gate}</code>
              </th>
              <td>
                <span class={`verdict ${result.verdict}`}>{result.verdict}</span>
              </td>
              <td class="n">{percent(result.value)}</td>
              <td>{interval(result)}</td>
              <td class="n">{count(result.n)}</td>
              <td>{cellOf(result.cell) || 'all cells'}</td>
              <td class="long">{result.explanation}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cells({ run }: { run: Run }): JSX.Element | null {
  if (run.cells.length === 0) return null;
  return (
    <>
      <h2>Cells</h2>
      <div
        class={run.cells.length > 40 ? 'wide-content tall' : 'wide-content'}
        tabIndex={0}
        role="region"
        aria-label="Cells"
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Cell</th>
              <th scope="col" colSpan={2}>
                Attack success rate
              </th>
              <th scope="col">Where exposed</th>
              <th scope="col">Task success</th>
              <th scope="col" class="n">
                Trials
              </th>
              <th scope="col" class="n">
                Blocked
              </th>
              <th scope="col" class="n">
                Errors
              </th>
              <th scope="col" class="n">
                Flip rate
              </th>
            </tr>
          </thead>
          <tbody>
            {run.cells.map((cell) => (
              <tr key={cell.id}>
                <th scope="row">
                  <a href={href(['run', ...run.path.split('/'), 'trials'], { cell: cell.id })} title={cell.id}>
                    {cell.label}
                  </a>
                </th>
                <td>
                  <RateText rate={cell.asr} />
                </td>
                <td>
                  <RateBar rate={cell.asr} />
                </td>
                <td>
                  <RateText rate={cell.asr_exposed} />
                </td>
                <td>
                  <RateText rate={cell.task_success} />
                </td>
                <td class="n">{count(cell.tally.trials)}</td>
                <td class="n">{count(cell.tally.outcomes.attack_blocked)}</td>
                <td class="n">
                  {cell.tally.outcomes.error > 0 ? <b class="error">{count(cell.tally.outcomes.error)}</b> : 0}
                </td>
                <td class="n">{cell.flip_rate === null ? '–' : percent(cell.flip_rate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">
        Intervals are 95 %, {basis(run)}. N/A: no such trial, so there is no rate. Flip rate: how often two trials of
        one task disagree.
      </p>
    </>
  );
}

const basis = (run: Run): string =>
  [...new Set(run.cells.filter((cell) => cell.asr.n > 0).map((cell) => cell.asr.basis))].join(' or ') || 'these tasks';

/** The cells as a table of two axes, and attacks against defenses where there are several of either. */
function Grids({ run, route }: { run: Run; route: Route }): JSX.Element | null {
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

const trialsOf = (run: Run, filters: Record<string, string>): string =>
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

function PerSeed({ run }: { run: Run }): JSX.Element | null {
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

function PerTask({ run, route }: { run: Run; route: Route }): JSX.Element | null {
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

function Cost({ run }: { run: Run }): JSX.Element {
  const { total, manifest } = run;
  const unknown = total.unknown_cost > 0 ? ` (price unknown in ${count(total.unknown_cost)} trials)` : '';
  const limits = Object.entries(manifest.budget?.limits ?? {}).filter(([, limit]) => limit !== null);
  return (
    <>
      <h2>Cost</h2>
      <Facts
        facts={[
          ['Cost', usd(total.cost_usd) + unknown],
          ['Model calls', count(total.calls)],
          ['Tokens', `${count(total.prompt_tokens)} in, ${count(total.completion_tokens)} out`],
          ['Turns', count(total.turns)],
          ['Tool calls', count(total.tool_calls)],
          ['Attacker queries', count(total.queries)],
          ['Limits', limits.map(([name, limit]) => `${words(name)} ${String(limit)}`).join(', ')],
          ['Stopped by', manifest.budget?.stopped_by ? String(manifest.budget.stopped_by) : ''],
        ]}
      />
    </>
  );
}

function Changed({ run, link }: { run: Run; link: boolean }): JSX.Element | null {
  const { previous } = run;
  if (!previous) return null;
  const diff = run.config !== null && previous.config !== null ? changes(previous.config, run.config) : [];
  const field = (name: keyof Run['manifest']) => [pretty(previous.manifest[name]), pretty(run.manifest[name])] as const;
  const commits = [previous.manifest.git?.sha ?? '', run.manifest.git?.sha ?? ''];
  const facts: [string, JSX.Element][] = [];
  if (commits[0] !== commits[1])
    facts.push([
      'Commit',
      <span>
        <code>{commits[0]?.slice(0, 10)}</code> → <code>{commits[1]?.slice(0, 10)}</code>
      </span>,
    ]);
  for (const name of ['mode', 'seeds', 'trials', 'xsweep_version', 'environment'] as const) {
    const [before, after] = field(name);
    if (before !== after)
      facts.push([
        words(name),
        <span>
          {before} → {after}
        </span>,
      ]);
  }
  const asr = previous.asr;
  return (
    <>
      <h2>What changed since the previous run</h2>
      <p>
        {link ? (
          <a href={runHref(previous.path)}>{previous.path.split('/')[1]}</a>
        ) : (
          <b>{previous.path.split('/')[1]}</b>
        )}
        {asr && (
          <>
            : attack success rate was {percent(Number(asr[0]))} (
            {interval({ low: Number(asr[1]), high: Number(asr[2]) })})
          </>
        )}
      </p>
      {facts.length === 0 && diff.length === 0 && <p class="muted">Neither the commit nor the config changed.</p>}
      <Facts facts={facts} />
      {diff.length > 0 && <Changes diff={diff} />}
    </>
  );
}

function Files({ run }: { run: Run }): JSX.Element {
  const address = (name: string) => ['files', ...run.path.split('/'), name].map(encodeURIComponent).join('/');
  return (
    <ul class="files">
      {run.files.map((name) => (
        <li key={name}>
          <a href={address(name)} download={name}>
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

function seedWords(seeds: unknown): string {
  if (!Array.isArray(seeds)) return '';
  return seeds.length <= 12
    ? seeds.join(', ')
    : `${seeds.slice(0, 3).join(', ')} … ${seeds.at(-1)} (${count(seeds.length)} seeds)`;
}

const Hash = ({ of }: { of: string }): JSX.Element => <code title={of}>{short(of)}</code>;

function Origin({ run }: { run: Run }): JSX.Element {
  const { manifest } = run;
  const environment = manifest.environment as Record<string, unknown> | undefined;
  const host = manifest.host as Record<string, unknown> | undefined;
  const git = manifest.git;
  return (
    <>
      <h2>Where it comes from</h2>
      {manifest.description && <p>{manifest.description}</p>}
      <Facts
        facts={[
          ['Started', when(manifest.timestamp_utc)],
          ['Finished', when(manifest.finished_utc)],
          ['Mode', manifest.mode],
          ['Seeds', seedWords(manifest.seeds)],
          ['Trials per task and seed', pretty(manifest.trials)],
          [
            'Commit',
            git?.sha ? (
              <span>
                <Hash of={git.sha} /> {git.branch}
                {git.dirty ? ' (with uncommitted changes)' : ''}
              </span>
            ) : (
              'not from a repository'
            ),
          ],
          ['Config hash', <Hash of={String(manifest.config_hash ?? '')} />],
          ['Environment', environment ? `${String(environment.name)} ${String(environment.version)}` : ''],
          ['Its data', environment?.data_sha256 ? <Hash of={String(environment.data_sha256)} /> : ''],
          ['Host', host ? `${String(host.os ?? '')} ${String(host.cpu ?? '')}` : ''],
          ['xsweep', String(manifest.xsweep_version ?? '')],
        ]}
      />
      {Array.isArray(manifest.argv) && (
        <>
          <h3>Command</h3>
          <pre tabIndex={0}>{manifest.argv.join(' ')}</pre>
        </>
      )}
      <h3>Files</h3>
      {embedded ? <p>{run.files.join(', ')}</p> : <Files run={run} />}
      {run.config !== null && (
        <details>
          <summary>config.yaml</summary>
          <pre tabIndex={0}>{run.config}</pre>
        </details>
      )}
      {run.notes !== null && (
        <details>
          <summary>notes.md</summary>
          <pre class="prose" tabIndex={0}>
            {run.notes}
          </pre>
        </details>
      )}
    </>
  );
}
