// One run: the headline first, then where it comes from, cell by cell, seed by seed, task by task.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { Distribution, Heatmap, OutcomeBar, RateBar, RateText, type Grid } from './charts';
import { count, percent, pretty, usd, when, words } from './format';
import { Choice, Crumbs, Facts, Waiting } from './parts';
import { href, runHref } from './route';
import { embedded, live, useFile } from './source';
import { changes } from './text_diff';
import type { Cell, Rate, Run } from './types';

const METRICS = { asr: 'Attack success rate', asr_exposed: 'Success rate where exposed', task_success: 'Task success' } as const;
type Metric = keyof typeof METRICS;

export function RunView({ path }: { path: string }): JSX.Element {
  const { value: run, error } = useFile<Run>(`data/${path}/run.json`);
  if (!run) return <Waiting error={error} what={`run ${path}`} />;
  return (
    <article>
      <Crumbs path={path} />
      <h1>{run.manifest.exp ?? path}</h1>
      <Headline run={run} />
      <p class="actions">
        <a class="button" href={runHref(path, 'trials')}>All {count(run.rows)} trials</a>
        {run.total.outcomes.attack_succeeded > 0 && <a class="button" href={href(['run', ...path.split('/'), 'trials'], { outcome: 'attack_succeeded' })}>Successful attacks</a>}
        {run.total.outcomes.error > 0 && <a class="button" href={href(['run', ...path.split('/'), 'trials'], { outcome: 'error' })}>Errors</a>}
        {run.previous && <a class="button" href={href(['compare', ...run.previous.path.split('/'), ...path.split('/')])}>Compare with the previous run</a>}
      </p>
      <h2>Outcomes</h2>
      <OutcomeBar outcomes={run.total.outcomes} />
      <p class="muted">Errors and skipped trials are in no rate. Error rate among ended trials: {run.error_rate.value === null ? 'N/A' : percent(run.error_rate.value)}.</p>
      {run.findings.map((finding) => <p class="note" key={finding}>{finding}</p>)}
      <Cells run={run} />
      <Grids run={run} />
      <PerSeed run={run} />
      <PerTask run={run} />
      <Cost run={run} />
      <Changed run={run} />
      <Origin run={run} />
    </article>
  );
}

function Headline({ run }: { run: Run }): JSX.Element {
  const { status, verdict, gates, planned } = run.manifest;
  const under_way = status === 'running';
  return (
    <section class="headline">
      <p class="lead">{run.headline}</p>
      <RateBar rate={run.asr.n > 0 ? run.asr : run.task_success} wide />
      <p>
        {verdict ? <span class={`verdict ${verdict}`}>{verdict}</span> : <span class="muted">No gate was set.</span>}{' '}
        {gates && gates.length > 0 && <span>Gates: {gates.map((gate) => <code key={gate}>{gate}</code>)}</span>}{' '}
        <span class={`status ${status ?? ''}`}>{status}</span>
        {under_way && <span role="status"> {count(run.rows)} of {count(planned ?? 0)} trials {live ? '(live)' : 'when this was written'}</span>}
      </p>
      {under_way && <progress value={run.rows} max={planned || 1} aria-label="Trials recorded" />}
      {run.included && <p class="note">{run.included.note}</p>}
    </section>
  );
}

const cellName = (cell: Cell): string => cell.id + (cell.arm && cell.arm !== 'grid' && !cell.id.includes(cell.arm) ? ` (${words(cell.arm)})` : '');

function Cells({ run }: { run: Run }): JSX.Element {
  return (
    <>
      <h2>Cells</h2>
      <div class="wide-content" tabIndex={0} role="region" aria-label="Cells">
        <table>
          <thead><tr><th scope="col">Cell</th><th scope="col">Attack success rate</th><th scope="col" aria-label="Interval" /><th scope="col">Where exposed</th><th scope="col">Task success</th><th scope="col">Trials</th><th scope="col">Blocked</th><th scope="col">Errors</th><th scope="col">Flip rate</th></tr></thead>
          <tbody>
            {run.cells.map((cell) => (
              <tr key={cell.id}>
                <th scope="row"><a href={href(['run', ...run.path.split('/'), 'trials'], { cell: cell.id })}>{cellName(cell)}</a></th>
                <td><RateText rate={cell.asr} /></td>
                <td><RateBar rate={cell.asr} /></td>
                <td><RateText rate={cell.asr_exposed} /></td>
                <td><RateText rate={cell.task_success} /></td>
                <td class="n">{count(cell.tally.trials)}</td>
                <td class="n">{count(cell.tally.outcomes.attack_blocked)}</td>
                <td class="n">{cell.tally.outcomes.error > 0 ? <b>{count(cell.tally.outcomes.error)}</b> : 0}</td>
                <td class="n">{cell.flip_rate === null ? '–' : percent(cell.flip_rate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted">Intervals are 95 %, {basis(run)}. N/A: no such trial, so there is no rate.</p>
    </>
  );
}

const basis = (run: Run): string => [...new Set(run.cells.filter((cell) => cell.asr.n > 0).map((cell) => cell.asr.basis))].join(' or ') || 'these tasks';

/** The cells as tables: any two axes, and attack x defense where both are known. */
function Grids({ run }: { run: Run }): JSX.Element | null {
  const cells = run.cells.filter((cell) => cell.arm === 'grid' || cell.arm === '');
  const axes = [...new Set(cells.flatMap((cell) => cell.axes.map(([name]) => name)))];
  const [metric, setMetric] = useState<Metric>('asr');
  const [rowAxis, setRowAxis] = useState(axes[0] ?? '');
  const [columnAxis, setColumnAxis] = useState(axes[1] ?? '');
  const attacks = distinct(run.cells.map((cell) => cell.attack));
  const defenses = distinct(run.cells.map((cell) => cell.defense));
  const matrix = attacks.length > 0 && defenses.length > 0 && attacks.length * defenses.length > 1;
  if (axes.length === 0 && !matrix) return null;
  const trials = (cell: string) => href(['run', ...run.path.split('/'), 'trials'], { cell });
  const grid = axisGrid(cells, rowAxis, columnAxis, metric, trials);
  return (
    <>
      <h2>Grid</h2>
      <div class="filters">
        <label>Show <select value={metric} onChange={(event) => setMetric(event.currentTarget.value as Metric)}>
          {Object.entries(METRICS).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </select></label>
        {axes.length > 2 && <Choice label="rows" options={axes} value={rowAxis} choose={(axis) => setRowAxis(axis || axes[0]!)} />}
        {axes.length > 2 && <Choice label="columns" options={axes} value={columnAxis} choose={(axis) => setColumnAxis(axis || axes[1]!)} />}
      </div>
      {axes.length > 0 && <Heatmap grid={grid} caption={`${METRICS[metric]} by ${rowAxis}${columnAxis ? ` and ${columnAxis}` : ''}`} />}
      {matrix && <Heatmap grid={partGrid(run.cells, attacks, defenses, metric)} caption={`${METRICS[metric]}, attack × defense`} />}
    </>
  );
}

const distinct = (names: string[]): string[] => [...new Set(names)].filter(Boolean);

/** Cells that share a place (axes that are not shown) are summed without an interval. */
function pool(rates: Rate[]): Rate | null {
  if (rates.length < 2) return rates[0] ?? null;
  const [k, n] = [rates.reduce((sum, rate) => sum + rate.k, 0), rates.reduce((sum, rate) => sum + rate.n, 0)];
  return { k, n, value: n > 0 ? k / n : null, low: null, high: null, basis: '' };
}

function axisGrid(cells: Cell[], rowAxis: string, columnAxis: string, metric: Metric, link: (cell: string) => string): Grid {
  const value = (cell: Cell, axis: string) => cell.axes.find(([name]) => name === axis)?.[1] ?? '';
  const at = (row: string, column: string) => cells.filter((cell) => value(cell, rowAxis) === row && (!columnAxis || value(cell, columnAxis) === column));
  return {
    rowName: rowAxis,
    columnName: columnAxis || METRICS[metric],
    rows: [...new Set(cells.map((cell) => value(cell, rowAxis)))],
    columns: columnAxis ? [...new Set(cells.map((cell) => value(cell, columnAxis)))] : ['all'],
    rate: (row, column) => pool(at(row, column).map((cell) => cell[metric])),
    link: (row, column) => (at(row, column).length === 1 ? link(at(row, column)[0]!.id) : null),
  };
}

function partGrid(cells: Cell[], attacks: string[], defenses: string[], metric: Metric): Grid {
  return {
    rowName: 'attack',
    columnName: 'defense',
    rows: attacks,
    columns: defenses,
    rate: (attack, defense) => pool(cells.filter((cell) => cell.attack === attack && cell.defense === defense).map((cell) => cell[metric])),
  };
}

function PerSeed({ run }: { run: Run }): JSX.Element {
  const seeds = [...new Set(run.cells.flatMap((cell) => cell.seeds.map((seed) => seed.seed)))];
  const grid: Grid = {
    rowName: 'cell', columnName: 'seed', rows: run.cells.map((cell) => cell.id), columns: seeds.slice(0, 24),
    rate: (row, column) => run.cells.find((cell) => cell.id === row)?.seeds.find((seed) => seed.seed === column)?.asr ?? null,
    link: (cell, seed) => href(['run', ...run.path.split('/'), 'trials'], { cell, seed }),
  };
  return (
    <details open={seeds.length > 1 && seeds.length <= 12}>
      <summary><h2>By seed</h2></summary>
      <Heatmap grid={grid} caption={`Attack success rate by cell and seed${seeds.length > 24 ? ` (the first 24 of ${seeds.length} seeds)` : ''}`} />
    </details>
  );
}

function PerTask({ run }: { run: Run }): JSX.Element {
  const [chosen, choose] = useState('');
  const cells = run.cells.filter((cell) => !chosen || cell.id === chosen);
  const totals = run.tasks.map((task, i) => {
    const rows = cells.flatMap((cell) => cell.tasks.filter(([number]) => number === i));
    const sum = (column: number) => rows.reduce((total, row) => total + ((row[column] as number | null) ?? 0), 0);
    return { task, k: sum(1), n: sum(2), solved: sum(5), assessed: sum(6) };
  });
  const attacked = totals.filter((row) => row.n > 0).map((row) => row.k / row.n);
  const solved = totals.filter((row) => row.assessed > 0).map((row) => row.solved / row.assessed);
  const worst = [...totals].filter((row) => row.n + row.assessed > 0).sort((a, b) => b.k / (b.n || 1) - a.k / (a.n || 1)).slice(0, 200);
  return (
    <>
      <h2>By task</h2>
      <div class="filters"><Choice label="cell" options={run.cells.map((cell) => cell.id)} value={chosen} choose={choose} /></div>
      <div class="charts">
        {attacked.length > 0 && <Distribution values={attacked} what="Tasks by attack success rate" />}
        {solved.length > 0 && <Distribution values={solved} what="Tasks by task success" />}
      </div>
      <details>
        <summary>Table of tasks{totals.length > worst.length ? ` (the ${worst.length} with the highest rate)` : ''}</summary>
        <table>
          <thead><tr><th scope="col">Task</th><th scope="col">Attack success rate</th><th scope="col">Task success</th></tr></thead>
          <tbody>{worst.map((row) => (
            <tr key={row.task}>
              <th scope="row"><a href={href(['run', ...run.path.split('/'), 'trials'], { task: row.task, cell: chosen })}>{row.task}</a></th>
              <td>{row.n > 0 ? `${percent(row.k / row.n)} (${row.k} of ${row.n})` : 'N/A'}</td>
              <td>{row.assessed > 0 ? `${percent(row.solved / row.assessed)} (${row.solved} of ${row.assessed})` : 'N/A'}</td>
            </tr>
          ))}</tbody>
        </table>
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
      <Facts facts={[
        ['Cost', usd(total.cost_usd) + unknown], ['Model calls', count(total.calls)],
        ['Tokens', `${count(total.prompt_tokens)} in, ${count(total.completion_tokens)} out`],
        ['Turns', count(total.turns)], ['Tool calls', count(total.tool_calls)], ['Attacker queries', count(total.queries)],
        ['Limits', limits.map(([name, limit]) => `${words(name)} ${String(limit)}`).join(', ')],
        ['Stopped by', manifest.budget?.stopped_by ? String(manifest.budget.stopped_by) : ''],
      ]} />
    </>
  );
}

function Changed({ run }: { run: Run }): JSX.Element | null {
  const { previous } = run;
  if (!previous) return null;
  const diff = run.config !== null && previous.config !== null ? changes(previous.config, run.config) : [];
  const field = (name: keyof Run['manifest']) => [pretty(previous.manifest[name]), pretty(run.manifest[name])] as const;
  const commits = [previous.manifest.git?.sha ?? '', run.manifest.git?.sha ?? ''];
  const facts: [string, JSX.Element][] = [];
  if (commits[0] !== commits[1]) facts.push(['Commit', <span><code>{commits[0]?.slice(0, 10)}</code> → <code>{commits[1]?.slice(0, 10)}</code></span>]);
  for (const name of ['mode', 'seeds', 'trials', 'xsweep_version', 'environment'] as const) {
    const [before, after] = field(name);
    if (before !== after) facts.push([words(name), <span>{before} → {after}</span>]);
  }
  const asr = previous.asr;
  return (
    <>
      <h2>What changed since the previous run</h2>
      <p><a href={runHref(previous.path)}>{previous.path.split('/')[1]}</a>
        {asr && <>: attack success rate was {percent(Number(asr[0]))} ({(Number(asr[1]) * 100).toFixed(1)}–{(Number(asr[2]) * 100).toFixed(1)} %)</>}
      </p>
      {facts.length === 0 && diff.length === 0 && <p class="muted">Neither the commit nor the config changed.</p>}
      <Facts facts={facts} />
      {diff.length > 0 && <pre class="diff" tabIndex={0} aria-label="Changes of the config">{diff.map((line, i) => <span key={i} class={line.mark === '+' ? 'added' : line.mark === '-' ? 'removed' : ''}>{line.mark} {line.text}{'\n'}</span>)}</pre>}
    </>
  );
}

function Files({ run }: { run: Run }): JSX.Element {
  const address = (name: string) => ['files', ...run.path.split('/'), name].map(encodeURIComponent).join('/');
  return <>{run.files.map((name) => <span key={name}><a href={address(name)} download={name}>{name}</a> </span>)}</>;
}

function Origin({ run }: { run: Run }): JSX.Element {
  const { manifest } = run;
  const environment = manifest.environment as Record<string, unknown> | undefined;
  const host = manifest.host as Record<string, unknown> | undefined;
  const git = manifest.git;
  return (
    <>
      <h2>Where it comes from</h2>
      <Facts facts={[
        ['Run', run.path], ['Description', manifest.description], ['Started', when(manifest.timestamp_utc)], ['Finished', when(manifest.finished_utc)],
        ['Mode', manifest.mode], ['Seeds', pretty(manifest.seeds)], ['Trials per task and seed', pretty(manifest.trials)],
        ['Commit', git?.sha ? <span><code>{git.sha}</code> {git.branch}{git.dirty ? ' (with uncommitted changes)' : ''}</span> : 'not from a repository'],
        ['Config hash', <code>{String(manifest.config_hash ?? '')}</code>],
        ['Environment', environment ? `${String(environment.name)} ${String(environment.version)}` : ''],
        ['Data', environment?.data_sha256 ? <code>{String(environment.data_sha256)}</code> : ''],
        ['Host', host ? `${String(host.os ?? '')} ${String(host.cpu ?? '')}` : ''], ['xsweep', String(manifest.xsweep_version ?? '')],
        ['Command', Array.isArray(manifest.argv) ? <code>{manifest.argv.join(' ')}</code> : ''], ['Files', embedded ? run.files.join(', ') : <Files run={run} />],
      ]} />
      {run.config !== null && <details><summary>config.yaml</summary><pre tabIndex={0}>{run.config}</pre></details>}
      {run.notes !== null && <details><summary>notes.md</summary><pre class="prose" tabIndex={0}>{run.notes}</pre></details>}
    </>
  );
}
