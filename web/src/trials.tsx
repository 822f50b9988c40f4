// The trials of a run: every row, filtered by what it is and what it says.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { OutcomeTag } from './charts';
import { count, usd, words } from './format';
import { Choice, Crumbs, NothingLeft, Waiting } from './parts';
import { href, runHref, setFilter, type Route } from './route';
import { exposedIn, Rows, type RowFilter } from './rows';
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
 * The rows of a run, loading; `version` moves with every batch that arrives. `expected` is how the run says it is: when
 * it has more rows (it is going on) or was sealed, the rows are read again once those that are on their way have
 * arrived, and the old ones stay until then.
 */
export function useRows(
  path: string,
  expected: { rows: number; sealed: boolean } | undefined,
): { rows: Rows; version: number; error: string } {
  const [state, setState] = useState({ version: 0, error: '' });
  const [loading, setLoading] = useState<Rows | null>(null);
  const [failed, setFailed] = useState('');
  const partial = useRef(new Rows(path));
  const known = finished.get(path);
  const enough =
    known !== undefined &&
    (expected === undefined || (known.length >= expected.rows && known.sealed === expected.sealed));
  const wish = `${path} ${expected?.rows} ${expected?.sealed}`;
  useEffect(() => {
    if (!enough && loading === null && failed !== wish) setLoading(new Rows(path));
  }, [wish, enough, loading, failed]);
  useEffect(() => {
    if (loading === null) return undefined;
    let gone = false;
    const moved = (error = '') => setState((old) => ({ version: old.version + 1, error }));
    const end = (error?: unknown) => {
      if (error === undefined && loading.complete) remember(loading);
      if (gone) return;
      partial.current = loading;
      if (error !== undefined) setFailed(wish);
      setLoading(null);
      moved(error === undefined ? '' : error instanceof Error ? error.message : String(error));
    };
    loading
      .load(
        () => gone || moved(),
        () => gone,
      )
      .then(() => end(), end);
    return () => void (gone = true);
  }, [loading]);
  return { rows: known ?? loading ?? partial.current, ...state };
}

/** What a copy of the run holds where it does not hold everything. */
export const expectedOf = (run: Run): { rows: number; sealed: boolean } => ({
  rows: run.included?.rows ?? run.rows,
  sealed: run.sealed,
});

const FILTERS = { outcome: 'Outcome', cell: 'Cell', task: 'Task', seed: 'Seed' } as const;
const NAMES = Object.keys(FILTERS) as (keyof typeof FILTERS)[];

/** What the address asks for; a trial carries it along, so that "next" means the next of the list it was opened from. */
export function filterOf({ filters }: Route): RowFilter {
  const of = (name: string) => filters.get(name) ?? '';
  return { outcome: of('outcome'), cell: of('cell'), task: of('task'), seed: of('seed'), text: of('q') };
}

export function Trials({ path, route }: { path: string; route: Route }): JSX.Element {
  const { value: run } = useFile<Run>(`data/${path}/run.json`);
  const { rows, version, error } = useRows(path, run && expectedOf(run));
  const address = location.hash;
  const wanted = useMemo(() => filterOf(route), [address]);
  const shown = useMemo(() => {
    const started = performance.now();
    const found = rows.filter(wanted);
    performance.measure('filter', { start: started, end: performance.now() });
    return found;
  }, [rows, version, rows.length, wanted]);
  const labels = useMemo(() => new Map(run?.cells.map((cell) => [cell.id, cell.label])), [run]);
  if (rows.arrived === 0)
    return (
      <>
        <Crumbs path={path} last="Trials" />
        <Waiting error={error || undefined} what="trials" />
      </>
    );
  const label = (cell: string) => labels.get(cell) ?? cell;
  const options: Record<keyof typeof FILTERS, string[]> = {
    outcome: OUTCOMES.filter((name) => !run || run.total.outcomes[name] > 0),
    cell: rows.texts.cell,
    task: rows.texts.task,
    seed: rows.texts.seed,
  };
  const shownAs: Partial<Record<keyof typeof FILTERS, (option: string) => string>> = { outcome: words, cell: label };
  const { columns } = rows;
  return (
    <>
      <Crumbs path={path} last="Trials" />
      <h1>Trials</h1>
      <div class="filters">
        {NAMES.map((name) => (
          <Choice
            key={name}
            label={FILTERS[name]}
            options={options[name]}
            value={wanted[name]}
            choose={(value) => setFilter(route, name, value)}
            {...(shownAs[name] ? { name: shownAs[name] } : {})}
          />
        ))}
        <label>
          <span>Text</span>
          <input
            type="search"
            placeholder="task, goal, error…"
            value={wanted.text}
            onInput={(event) => setFilter(route, 'q', event.currentTarget.value)}
          />
        </label>
        <span role="status">
          {count(shown.length)} of {count(rows.length)}
          {rows.complete ? '' : ` (loading, ${Math.round((rows.arrived / rows.chunks) * 100)} %)`}
        </span>
      </div>
      {run?.included && <p class="note">{run.included.note}</p>}
      {error && (
        <p class="problem" role="alert">
          Not all trials could be loaded: {error}
        </p>
      )}
      {shown.length === 0 ? (
        rows.length === 0 ? (
          <p class="empty">No trial has ended yet.</p>
        ) : (
          <NothingLeft what="trial" all={runHref(path, 'trials')} />
        )
      ) : (
        <VirtualList
          className="trials"
          label="Trials"
          length={shown.length}
          rowHeight={32}
          columns={[
            'Trial',
            'Outcome',
            'Cell',
            'Task',
            'Seed',
            'Repeat',
            'Solved',
            'Exposed',
            'Tried / done / blocked',
            'Turns',
            'Cost',
            'Kept',
          ]}
          open={(i) => href(['run', ...path.split('/'), 'trial', columns.index[shown[i]!]!], route.filters)}
          row={(i) => {
            const row = shown[i]!;
            const failure = rows.errors.get(row);
            return [
              columns.index[row],
              <OutcomeTag outcome={rows.outcome(row)} />,
              <span title={rows.text('cell', row)}>{label(rows.text('cell', row))}</span>,
              <span title={rows.text('task', row)}>{rows.text('task', row)}</span>,
              rows.text('seed', row),
              columns.trial[row],
              ['no', 'yes', '–'][columns.success[row]!],
              exposedIn(columns.exposed_turn[row]!, 'turn ', '–'),
              `${columns.attempted[row]} / ${columns.executed[row]} / ${columns.blocked[row]}`,
              columns.turns[row],
              columns.cost[row]! < 0 ? 'unknown' : usd(columns.cost[row]!),
              failure ? (
                <span class="error" title={failure[1]}>
                  {failure[1] || failure[0]}
                </span>
              ) : columns.kept[row] ? (
                'dialogue'
              ) : (
                <span class="muted">row only</span>
              ),
            ];
          }}
        />
      )}
    </>
  );
}
