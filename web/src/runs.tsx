// All runs: filters, history of a rate with intervals, two of them to compare.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { History, RateBar, type Point } from './charts';
import { count, interval, percent, when } from './format';
import { Choice, NothingLeft, Waiting } from './parts';
import { href, runHref, setFilter, type Route } from './route';
import { embedded, useFile } from './source';
import type { RunList } from './types';
import { VirtualList } from './virtual';

type Row = Record<string, string>;
const FILTERS = { exp: 'Experiment', mode: 'Mode', verdict: 'Verdict', status: 'Status' } as const;
const NAMES = Object.keys(FILTERS) as (keyof typeof FILTERS)[];

const number = (text: string | undefined): number | null => (text ? Number(text) : null);
const rateOf = (row: Row) => ({ value: number(row.asr), low: number(row.asr_lower95), high: number(row.asr_upper95) });

function asRows(list: RunList): Row[] {
  const rows = list.rows.map(
    (values) => Object.fromEntries(list.columns.map((name, i) => [name, values[i] ?? ''])) as Row,
  );
  return rows.sort((a, b) => (b.timestamp_utc! < a.timestamp_utc! ? -1 : b.timestamp_utc! > a.timestamp_utc! ? 1 : 0));
}

function passes(row: Row, route: Route): boolean {
  const text = (route.filters.get('q') ?? '').trim().toLowerCase();
  return (
    NAMES.every((name) => !route.filters.get(name) || row[name] === route.filters.get(name)) &&
    (!text ||
      [row.run_id, row.git_sha, row.config_hash, row.exp_id].some((value) => value?.toLowerCase().includes(text)))
  );
}

export function Runs({ route }: { route: Route }): JSX.Element {
  const { value: list, error } = useFile<RunList>('data/runs.json');
  const rows = useMemo(() => (list ? asRows(list) : []), [list]);
  const address = location.hash;
  const shown = useMemo(() => rows.filter((row) => passes(row, route)), [rows, address]);
  if (!list) return <Waiting error={error} what="the runs" />;
  if (rows.length === 0)
    return (
      <>
        <h1>Runs</h1>
        <p class="empty">
          There are no runs here yet. <code>xsweep run configs/…</code> makes one, and it shows up here by itself.
        </p>
      </>
    );
  const of = (name: string) => [...new Set(rows.map((row) => row[name] ?? ''))].filter(Boolean).sort();
  const first = route.filters.get('compare') ?? '';
  const pick = (path: string) => {
    if (first && first !== path) location.hash = href(['compare', ...first.split('/'), ...path.split('/')]);
    else setFilter(route, 'compare', first === path ? '' : path);
  };
  return (
    <>
      <h1>Runs</h1>
      <div class="filters">
        {NAMES.map((name) => (
          <Choice
            key={name}
            label={FILTERS[name]}
            options={of(name)}
            value={route.filters.get(name) ?? ''}
            choose={(value) => setFilter(route, name, value)}
          />
        ))}
        <label>
          <span>Commit or run id</span>
          <input
            type="search"
            value={route.filters.get('q') ?? ''}
            onInput={(event) => setFilter(route, 'q', event.currentTarget.value)}
          />
        </label>
        <span role="status">
          {count(shown.length)} of {count(rows.length)}
        </span>
      </div>
      {first && (
        <p class="note">
          Comparing <b>{first}</b> with: choose a second run.{' '}
          <button class="small" onClick={() => pick(first)}>
            Cancel
          </button>
        </p>
      )}
      <HistoryOf rows={shown} />
      {shown.length === 0 ? (
        <NothingLeft what="run" all="#/" />
      ) : (
        <VirtualList
          className="runs"
          label="Runs"
          length={shown.length}
          rowHeight={40}
          columns={[
            'Started (UTC)',
            'Commit',
            'Experiment',
            'Mode',
            'Attack success rate',
            'Interval',
            'Errors',
            'Status',
            'Verdict',
            'Compare',
          ]}
          open={(i) => runHref(shown[i]!.path!)}
          row={(i) => {
            const row = shown[i]!;
            const rate = rateOf(row);
            return [
              <span title={row.run_id}>{when(row.timestamp_utc).replace(' UTC', '')}</span>,
              <code>{row.git_sha?.slice(0, 8) || '–'}</code>,
              <span title={row.exp}>{row.exp}</span>,
              row.mode,
              rate.value === null ? (
                <span class="muted">N/A</span>
              ) : (
                <span>
                  <b>{percent(rate.value)}</b> <span class="muted">{interval(rate)}</span>
                </span>
              ),
              <RateBar rate={rate} />,
              Number(row.errors) > 0 ? <span class="error">{row.errors}</span> : '0',
              row.status,
              row.verdict ? (
                <span class={`verdict ${row.verdict}`}>{row.verdict}</span>
              ) : (
                <span class="muted">no gate</span>
              ),
              !embedded && (
                <button
                  class="small"
                  aria-pressed={first === row.path}
                  aria-label={`Compare ${row.path}`}
                  onClick={() => pick(row.path!)}
                >
                  Compare
                </button>
              ),
            ];
          }}
        />
      )}
    </>
  );
}

/** Only of one experiment: rates of different experiments do not belong on one line. */
function HistoryOf({ rows }: { rows: Row[] }): JSX.Element | null {
  const experiments = new Set(rows.map((row) => row.exp));
  if (experiments.size !== 1 || rows.length < 2) return null;
  const points: Point[] = [];
  for (const row of rows.slice(0, 60).reverse()) {
    const { value, low, high } = rateOf(row);
    if (value !== null && low !== null && high !== null)
      points.push({ label: row.run_id!, link: runHref(row.path!), value, low, high });
  }
  return points.length < 2 ? null : (
    <History
      points={points}
      what={`Attack success rate of ${rows[0]!.exp}, last ${points.length} runs with 95 % intervals`}
    />
  );
}
