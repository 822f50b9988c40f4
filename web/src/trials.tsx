// The trials of a run: every row, filtered by what it is and what it says.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { OutcomeTag } from './charts';
import { count, usd, words } from './format';
import { Choice, Crumbs, Waiting } from './parts';
import { href, setFilter, type Route } from './route';
import { Rows } from './rows';
import { useFile } from './source';
import { OUTCOMES, type Run } from './types';
import { VirtualList } from './virtual';

// Going back to a list should not load a million rows again; a comparison needs two.
const finished = new Map<string, Rows>();

function remember(rows: Rows): void {
  finished.delete(rows.path);
  finished.set(rows.path, rows);
  const oldest = finished.keys().next().value;
  if (finished.size > 2 && oldest !== undefined) finished.delete(oldest);
}

/**
 * The rows of a run, loading; `version` moves with every batch that arrives. `count` is how many there should be: when
 * it moves (a run that is going on), the rows are read again, and the old ones stay until then.
 */
export function useRows(path: string, count: number | undefined): { rows: Rows; version: number; error: string } {
  const [state, setState] = useState({ version: 0, error: '' });
  const known = finished.get(path);
  const rows = useMemo(() => (known && (count === undefined || count === known.length) ? known : new Rows(path)), [path, count]);
  useEffect(() => {
    if (rows.complete) return undefined;
    let gone = false;
    const fail = (error: unknown) => gone || setState({ version: -1, error: error instanceof Error ? error.message : String(error) });
    const done = () => {
      remember(rows);
      if (!gone) setState((old) => ({ version: old.version + 1, error: '' }));
    };
    rows.load(() => gone || setState((old) => ({ version: old.version + 1, error: '' })), () => gone).then(() => gone || done(), fail);
    return () => void (gone = true);
  }, [rows]);
  return { rows: rows.complete ? rows : (known ?? rows), ...state };
}

const FILTERS = ['outcome', 'cell', 'task', 'seed'] as const;

export function Trials({ path, route }: { path: string; route: Route }): JSX.Element {
  const { value: run } = useFile<Run>(`data/${path}/run.json`);
  const { rows, version, error } = useRows(path, run?.included?.rows ?? run?.rows);
  const address = location.hash;
  const wanted = useMemo(() => ({
    outcome: route.filters.get('outcome') ?? '', cell: route.filters.get('cell') ?? '', task: route.filters.get('task') ?? '',
    seed: route.filters.get('seed') ?? '', text: route.filters.get('q') ?? '',
  }), [address]);
  const shown = useMemo(() => {
    const started = performance.now();
    const found = rows.filter(wanted);
    performance.measure('filter', { start: started, end: performance.now() });
    return found;
  }, [rows, version, rows.length, wanted]);
  if (rows.arrived === 0) return <><Crumbs path={path} last="Trials" /><Waiting error={error || undefined} what="trials" /></>;
  const options: Record<(typeof FILTERS)[number], string[]> = {
    outcome: OUTCOMES.filter((name) => !run || run.total.outcomes[name] > 0), cell: rows.texts.cell, task: rows.texts.task, seed: rows.texts.seed,
  };
  const { columns } = rows;
  return (
    <>
      <Crumbs path={path} last="Trials" />
      <h1>Trials</h1>
      <div class="filters">
        {FILTERS.map((name) => <Choice key={name} label={name} options={options[name]} value={wanted[name]} choose={(value) => setFilter(route, name, value)} {...(name === 'outcome' ? { name: words } : {})} />)}
        <label>text <input type="search" placeholder="task, goal, error…" value={wanted.text} onInput={(event) => setFilter(route, 'q', event.currentTarget.value)} /></label>
        <span role="status">{count(shown.length)} of {count(rows.length)}{rows.complete ? '' : ` (loading, ${Math.round((rows.arrived / rows.chunks) * 100)} %)`}</span>
      </div>
      {run?.included && <p class="note">{run.included.note}</p>}
      {error && <p class="problem" role="alert">Not all trials could be loaded: {error}</p>}
      <VirtualList className="trials" label="Trials" length={shown.length} rowHeight={32}
        columns={['#', 'Outcome', 'Cell', 'Task', 'Seed', 'Trial', 'Task solved', 'Exposed', 'Tried / done / blocked', 'Turns', 'Cost', '']}
        open={(i) => href(['run', ...path.split('/'), 'trial', columns.index[shown[i]!]!])}
        row={(i) => {
          const row = shown[i]!;
          const failure = rows.errors.get(row);
          return [
            columns.index[row], <OutcomeTag outcome={rows.outcome(row)} />,
            <span title={rows.text('cell', row)}>{rows.text('cell', row)}</span>, <span title={rows.text('task', row)}>{rows.text('task', row)}</span>,
            rows.text('seed', row), columns.trial[row], ['no', 'yes', '–'][columns.success[row]!],
            columns.exposed_turn[row]! > 0 ? `turn ${columns.exposed_turn[row]}` : '–',
            `${columns.attempted[row]} / ${columns.executed[row]} / ${columns.blocked[row]}`, columns.turns[row],
            columns.cost[row]! < 0 ? 'unknown' : usd(columns.cost[row]!),
            failure ? <span class="error" title={failure[1]}>{failure[1]}</span> : columns.kept[row] ? 'dialogue' : '',
          ];
        }} />
    </>
  );
}
