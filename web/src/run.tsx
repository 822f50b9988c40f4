// One run: the headline first, then where it comes from, cell by cell, seed by seed, task by task.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { OutcomeBar, RateBar, RateText } from './charts';
import { count, interval, percent, usd, words } from './format';
import { Grids } from './grids';
import { Changed, Origin } from './origin';
import { Crumbs, Facts, Waiting } from './parts';
import { href, runHref, type Route } from './route';
import { PerSeed, PerTask } from './slices';
import { live, useFile } from './source';
import { type GateResult, type Run, type RunList } from './types';

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
      {(run.defects.length > 0 ? [] : run.findings).map((finding) => (
        <p class="note" key={finding}>
          {finding}
        </p>
      ))}
      <Unanswered run={run} />
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
  const { status, gates, planned, headline } = run.manifest;
  const verdict = run.defects.length > 0 ? 'INVALID' : run.manifest.verdict;
  const results = headline?.gates;
  const under_way = status === 'running';
  return (
    <section class={`headline ${verdict ?? ''}`}>
      {run.defects.map((defect) => (
        <p class="note" role="alert" key={defect}>
          This run is damaged: {defect}. Nothing below is a result.
        </p>
      ))}
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

/** Replies of models that were no answers, by role and kind: nobody resisted by them. */
function Unanswered({ run }: { run: Run }): JSX.Element | null {
  if (run.unanswered.length === 0) return null;
  return (
    <>
      <h2>Replies that were no answers</h2>
      <p class="muted">
        They are no decision of the model&apos;s: nobody resisted by them, and no gate passes by them.
      </p>
      <div class="wide-content" tabIndex={0} role="region" aria-label="Replies that were no answers">
        <table>
          <thead>
            <tr>
              <th scope="col">Model of the</th>
              <th scope="col">What came</th>
              <th scope="col" class="n">
                Replies
              </th>
            </tr>
          </thead>
          <tbody>
            {run.unanswered.map(([role, name, what, replies]) => (
              <tr key={`${role}.${name}`}>
                <th scope="row">{role}</th>
                <td>
                  {what} <code>{name}</code>
                </td>
                <td class="n">{count(replies)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
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
