// Two runs: what differs, by how much with an interval, and the trials that came out differently, side by side.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { OutcomeTag, RateBar, RateText } from './charts';
import { count, tenths } from './format';
import { Changes, Choice, Facts, Waiting } from './parts';
import { href, runHref, setFilter, type Route } from './route';
import type { Rows } from './rows';
import { embedded, useFile } from './source';
import { changes } from './text_diff';
import { Dialogue, RowFacts } from './transcript';
import { useRows } from './trials';
import type { Comparison, Run } from './types';
import { VirtualList } from './virtual';

/** Places of one trial in both runs. */
type Pair = [number, number];
const SCORED = ['attack_succeeded', 'attack_resisted', 'attack_blocked', 'not_exposed'];

export function Compare({ a, b, route }: { a: string; b: string; route: Route }): JSX.Element {
  const one = useFile<Run>(`data/${a}/run.json`);
  const two = useFile<Run>(`data/${b}/run.json`);
  if (!one.value || !two.value) return <Waiting error={one.error ?? two.error} what="both runs" />;
  return (
    <article>
      <h1>Comparison</h1>
      <div class="sides">
        <section>
          <h2>A</h2>
          <p>
            <a href={runHref(a)}>{a}</a>
          </p>
          <p>{one.value.headline}</p>
        </section>
        <section>
          <h2>B</h2>
          <p>
            <a href={runHref(b)}>{b}</a>
          </p>
          <p>{two.value.headline}</p>
        </section>
      </div>
      <Differences a={a} b={b} label={labelOf(one.value, two.value)} />
      <Cells one={one.value} two={two.value} />
      <Discordant a={one.value} b={two.value} route={route} />
      <Configs one={one.value} two={two.value} />
    </article>
  );
}

type Label = (cell: string) => string;

function labelOf(...runs: Run[]): Label {
  const labels = new Map(runs.flatMap((run) => run.cells.map((cell) => [cell.id, cell.label] as const)));
  return (cell) => labels.get(cell) ?? cell;
}

function Differences({ a, b, label }: { a: string; b: string; label: Label }): JSX.Element {
  const { value, error } = useFile<Comparison>(embedded ? null : `data/${a}/compare/${b}.json`);
  if (error || embedded)
    return (
      <p class="note">
        Paired differences of these two runs are not part of what was published.{' '}
        <code>
          xsweep compare {a} {b}
        </code>{' '}
        computes them.
      </p>
    );
  if (!value) return <Waiting error={undefined} what="paired differences" />;
  return (
    <>
      <h2>B against A</h2>
      {value.words.map((sentence, i) => (
        <p key={i} class={i === 0 ? 'lead' : ''}>
          {sentence}
        </p>
      ))}
      <Measured value={value} label={label} measure="asr" caption="Attack success rate, B minus A" />
      <Measured value={value} label={label} measure="task_success" caption="Task success, B minus A" />
      <p class="muted">
        p values are adjusted over the cells by {value.adjustment}. “Could have seen” is the difference that this sample
        shows with 80 % power.
      </p>
      {value.facts.length > 0 && (
        <>
          <h2>What differs between the runs</h2>
          <Facts facts={value.facts.map(([fact, before, after]) => [fact, `${before || '–'} → ${after || '–'}`])} />
        </>
      )}
    </>
  );
}

function Measured({
  value,
  label,
  measure,
  caption,
}: {
  value: Comparison;
  label: Label;
  measure: string;
  caption: string;
}): JSX.Element | null {
  const cells = value.cells.filter((cell) => cell.measure === measure && cell.difference !== null);
  if (cells.length === 0) return null;
  return (
    <div class="wide-content" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Cell</th>
            <th scope="col">Reading</th>
            <th scope="col" class="n">
              Difference
            </th>
            <th scope="col" class="n">
              95 % interval
            </th>
            <th scope="col" class="n">
              p
            </th>
            <th scope="col" class="n">
              p, adjusted
            </th>
            <th scope="col" class="n">
              Pairs
            </th>
            <th scope="col" class="n">
              Yes only in A / in B
            </th>
            <th scope="col" class="n">
              Could have seen
            </th>
          </tr>
        </thead>
        <tbody>
          {cells.map((cell) => (
            <tr key={cell.cell}>
              <th scope="row" title={cell.cell}>
                {label(cell.cell)}
              </th>
              <td title={cell.method}>
                <b class={cell.verdict}>{cell.verdict}</b>
              </td>
              <td class="n">{points(cell.difference)}</td>
              <td class="n">{cell.low === null ? '–' : `${points(cell.low)} to ${points(cell.high)}`}</td>
              <td class="n">{p(cell.p)}</td>
              <td class="n">{p(cell.p_adjusted)}</td>
              <td class="n">{count(cell.pairs)}</td>
              <td class="n">
                {count(cell.only_a)} / {count(cell.only_b)}
              </td>
              <td class="n">{points(cell.detectable)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const points = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : value < 0 ? '−' : ''}${tenths(Math.abs(value))} pts`;
const p = (value: number | null): string => (value === null ? '–' : value < 0.001 ? '< 0.001' : value.toFixed(3));

function Cells({ one, two }: { one: Run; two: Run }): JSX.Element {
  const ids = [...new Set([...one.cells, ...two.cells].map((cell) => cell.id))];
  const label = labelOf(one, two);
  const of = (run: Run, id: string) => run.cells.find((cell) => cell.id === id)?.asr;
  return (
    <>
      <h2>Attack success rate by cell</h2>
      <div class="wide-content" tabIndex={0} role="region" aria-label="Attack success rate by cell">
        <table>
          <thead>
            <tr>
              <th scope="col">Cell</th>
              <th scope="col" colSpan={2}>
                A
              </th>
              <th scope="col" colSpan={2}>
                B
              </th>
            </tr>
          </thead>
          <tbody>
            {ids.map((id) => {
              const [a, b] = [of(one, id), of(two, id)];
              return (
                <tr key={id}>
                  <th scope="row" title={id}>
                    {label(id)}
                  </th>
                  <td>{a ? <RateText rate={a} /> : 'not in A'}</td>
                  <td>{a && <RateBar rate={a} />}</td>
                  <td>{b ? <RateText rate={b} /> : 'not in B'}</td>
                  <td>{b && <RateBar rate={b} />}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

function pair(a: Rows, b: Rows): Pair[] {
  const places = new Map<string, number>();
  for (let row = 0; row < a.length; ++row) places.set(a.key(row), row);
  const pairs: Pair[] = [];
  for (let row = 0; row < b.length; ++row) {
    const place = places.get(b.key(row));
    if (place !== undefined) pairs.push([place, row]);
  }
  return pairs;
}

const KINDS = {
  worse: 'attack succeeded only in B',
  better: 'attack succeeded only in A',
  task: 'task solved in one only',
  outcome: 'other outcome',
} as const;
type Kind = keyof typeof KINDS;

function kindOf(a: Rows, b: Rows, [i, j]: Pair): Kind | null {
  const [was, is] = [a.outcome(i), b.outcome(j)];
  if (was === is) return a.columns.success[i] === b.columns.success[j] ? null : 'task';
  if (!SCORED.includes(was) || !SCORED.includes(is)) return 'outcome';
  return is === 'attack_succeeded' ? 'worse' : was === 'attack_succeeded' ? 'better' : 'outcome';
}

function Discordant({ a, b, route }: { a: Run; b: Run; route: Route }): JSX.Element {
  const first = useRows(a.path, undefined);
  const second = useRows(b.path, undefined);
  const ready = first.rows.complete && second.rows.complete;
  const found = useMemo(() => {
    if (!ready) return null;
    const pairs = pair(first.rows, second.rows);
    const differing: { pair: Pair; kind: Kind }[] = [];
    for (const both of pairs) {
      const kind = kindOf(first.rows, second.rows, both);
      if (kind) differing.push({ pair: both, kind });
    }
    return { pairs: pairs.length, differing };
  }, [ready, first.rows, second.rows]);
  if (!found) return <Waiting error={first.error || second.error || undefined} what="the trials of both runs" />;
  const label = labelOf(a, b);
  const wanted = route.filters.get('kind') ?? '';
  const shown = found.differing.filter(({ kind }) => !wanted || kind === wanted);
  return (
    <>
      <h2>Trials that came out differently</h2>
      <p>
        {count(found.pairs)} trials are in both runs (same cell, task, seed and repetition);{' '}
        {count(found.differing.length)} came out differently.
      </p>
      <div class="filters">
        <Choice
          label="Show"
          options={Object.keys(KINDS)}
          value={wanted}
          choose={(kind) => setFilter(route, 'kind', kind)}
          name={(kind) => `${KINDS[kind as Kind]} (${found.differing.filter((one) => one.kind === kind).length})`}
        />
      </div>
      {shown.length > 0 && (
        <VirtualList
          className="pairs"
          label="Trials that came out differently"
          length={shown.length}
          rowHeight={32}
          columns={['Task', 'Cell', 'Seed', 'Repeat', 'A', 'B']}
          open={(i) => {
            const [x, y] = shown[i]!.pair;
            return href(
              [
                'compare',
                ...a.path.split('/'),
                ...b.path.split('/'),
                first.rows.columns.index[x]!,
                second.rows.columns.index[y]!,
              ],
              route.filters,
            );
          }}
          row={(i) => {
            const [x, y] = shown[i]!.pair;
            return [
              first.rows.text('task', x),
              label(first.rows.text('cell', x)),
              first.rows.text('seed', x),
              first.rows.columns.trial[x],
              <OutcomeTag outcome={first.rows.outcome(x)} />,
              <OutcomeTag outcome={second.rows.outcome(y)} />,
            ];
          }}
        />
      )}
    </>
  );
}

function Configs({ one, two }: { one: Run; two: Run }): JSX.Element | null {
  if (one.config === null || two.config === null) return null;
  const diff = changes(one.config, two.config);
  return (
    <>
      <h2>Config</h2>
      {diff.length === 0 ? <p class="muted">The configs are the same.</p> : <Changes diff={diff} />}
    </>
  );
}

/** One trial as it went in both runs. */
export function SideBySide({
  a,
  b,
  at,
  route,
}: {
  a: string;
  b: string;
  at: [number, number];
  route: Route;
}): JSX.Element {
  return (
    <article>
      <h1>One trial in both runs</h1>
      <p class="actions">
        <a class="button" href={href(['compare', ...a.split('/'), ...b.split('/')], route.filters)}>
          Back to the comparison
        </a>
      </p>
      <div class="sides">
        <Side name="A" path={a} index={at[0]} />
        <Side name="B" path={b} index={at[1]} />
      </div>
    </article>
  );
}

function Side({ name, path, index }: { name: string; path: string; index: number }): JSX.Element {
  const { value: run } = useFile<Run>(`data/${path}/run.json`);
  const { rows } = useRows(path, undefined);
  const row = rows.find(index);
  return (
    <section>
      <h2>
        {name}: <a href={runHref(path, 'trial', index)}>trial {index}</a>
      </h2>
      <p class="muted">{path}</p>
      {row >= 0 && <RowFacts rows={rows} row={row} run={run} />}
      <Dialogue path={path} index={index} />
    </section>
  );
}
