// One dialogue: who spoke, where the payload came in, what became of every call, what changed.
// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useMemo } from 'preact/hooks';

import { OutcomeTag } from './charts';
import { count, pretty, usd, words } from './format';
import { Changes, Crumbs, Facts, Waiting } from './parts';
import { href, type Route } from './route';
import { exposedIn, NOT_WRITTEN_DOWN, type Rows } from './rows';
import { useFile } from './source';
import { changes, inserted } from './text_diff';
import { expectedOf, filterOf, useRows } from './trials';
import type { Call, CallRecord, Change, Effect, Pack, Run, Step, Transcript } from './types';

const SPEAKERS = { user: 'User', agent: 'Agent', tool: 'Tool', defense: 'Defense', attack: 'Attack' } as const;

export function TrialView({ path, index, route }: { path: string; index: number; route: Route }): JSX.Element {
  const { value: run } = useFile<Run>(`data/${path}/run.json`);
  const { rows, version, error } = useRows(path, run && expectedOf(run));
  const filters = route.filters.toString();
  const list = useMemo(() => rows.filter(filterOf(route)), [rows, version, rows.length, filters]);
  const at = useMemo(() => list.findIndex((row) => rows.columns.index[row] === index), [list, index]);
  const trial = (place: number) =>
    href(['run', ...path.split('/'), 'trial', rows.columns.index[list[place]!]!], route.filters);
  const [before, after] = [
    at > 0 ? trial(at - 1) : undefined,
    at >= 0 && at + 1 < list.length ? trial(at + 1) : undefined,
  ];
  // With the layout, not after it: whoever sees "1 of 12" may press a key at once.
  useLayoutEffect(() => {
    const step = (event: KeyboardEvent) => {
      const next = event.key === 'n' ? after : event.key === 'p' ? before : undefined;
      if (
        next === undefined ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        (event.target as Element).closest('input,select')
      )
        return;
      location.hash = next;
    };
    addEventListener('keydown', step);
    return () => removeEventListener('keydown', step);
  }, [before, after]);
  const row = rows.find(index);
  return (
    <article>
      <Crumbs path={path} last={`Trial ${index}`} />
      <h1>Trial {index}</h1>
      <p class="actions">
        <a class="button" href={href(['run', ...path.split('/'), 'trials'], route.filters)}>
          {filters ? 'Back to the list' : 'All trials'}
        </a>
        {before !== undefined && (
          <a class="button" href={before}>
            Previous <kbd>p</kbd>
          </a>
        )}
        {after !== undefined && (
          <a class="button" href={after}>
            Next <kbd>n</kbd>
          </a>
        )}
        {at >= 0 && (
          <span class="muted">
            {count(at + 1)} of {count(list.length)}
            {filters ? ' in this list' : ''}
          </span>
        )}
      </p>
      {row >= 0 ? (
        <RowFacts rows={rows} row={row} run={run} />
      ) : (
        <Waiting error={error || (rows.complete ? 'there is no such trial here' : undefined)} what={`trial ${index}`} />
      )}
      <Dialogue path={path} index={index} unseen={row >= 0 && rows.columns.exposed_turn[row] === NOT_WRITTEN_DOWN} />
    </article>
  );
}

export function RowFacts({ rows, row, run }: { rows: Rows; row: number; run: Run | undefined }): JSX.Element {
  const { columns } = rows;
  const failure = rows.errors.get(row);
  const cell = rows.text('cell', row);
  return (
    <>
      <Facts
        facts={[
          ['Outcome', <OutcomeTag outcome={rows.outcome(row)} />],
          ['Cell', run?.cells.find(({ id }) => id === cell)?.label ?? cell],
          ['Task', rows.text('task', row)],
          ['Seed and repeat', `${rows.text('seed', row)}, ${columns.trial[row]}`],
          ['Task solved', ['no', 'yes', 'not assessed'][columns.success[row]!]],
          ['Goal', words(rows.text('goal', row))],
          ['Channel', words(rows.text('channel', row))],
          ['Exposed', exposedIn(columns.exposed_turn[row]!, 'in turn ', 'never')],
          [
            'Attempted, executed, blocked',
            `${columns.attempted[row]}, ${columns.executed[row]}, ${columns.blocked[row]}`,
          ],
          ['Amount', columns.amount[row]! > 0 ? usd(columns.amount[row]!) : ''],
          ['Turns', columns.turns[row]],
          ['Tool calls', columns.tool_calls[row]],
          ['Tokens', count(columns.tokens[row]!)],
          ['Cost', columns.cost[row]! < 0 ? 'unknown' : usd(columns.cost[row]!)],
          ['Ended by', words(rows.text('stop', row))],
        ]}
      />
      {failure && (
        <p class="problem">
          This trial ended in an error ({failure[0]}) and is in no rate{failure[1] && `: ${failure[1]}`}
        </p>
      )}
    </>
  );
}

/** A kept dialogue, or why there is none. */
export function Dialogue({
  path,
  index,
  unseen = false,
}: {
  path: string;
  index: number;
  unseen?: boolean; // nobody wrote down whether the payload was seen
}): JSX.Element {
  const { value: run, error: no_run } = useFile<Run>(`data/${path}/run.json`);
  const pack = run ? Math.floor(index / run.pack) : 0;
  const { value, error } = useFile<Pack>(run && run.transcripts > 0 ? `data/${path}/transcripts/${pack}.json` : null);
  if (!run) return <Waiting error={no_run} what="the run" />;
  if (run.transcripts === 0) {
    return (
      <p class="note">
        {run.included?.note ??
          (run.sealed
            ? 'This run kept no dialogues (see `transcripts:` in its config).'
            : 'Dialogues can be read once the run has ended.')}
      </p>
    );
  }
  if (!value && !error) return <Waiting error={undefined} what="the dialogue" />;
  const transcript = value?.transcripts[String(index)];
  if (!transcript)
    return (
      <p class="note">
        {run.included
          ? run.included.note
          : 'The dialogue of this trial was not kept (see `transcripts:` in the config).'}
      </p>
    );
  return <Steps transcript={transcript} unknown={unseen} />;
}

/** Where the payload came in, as a heading's tag says it. */
const entry = (step: Step): string => (step.original === undefined ? 'the attack speaks' : 'payload inserted here');

function Steps({ transcript, unknown }: { transcript: Transcript; unknown: boolean }): JSX.Element {
  const { exposure, goal } = transcript;
  return (
    <>
      {goal?.name && (
        <p class="note">
          The attacker’s goal: <b>{words(goal.name)}</b>. {goal.description}
        </p>
      )}
      <p class={exposure.exposed ? 'exposure exposed' : 'exposure'}>
        {exposure.exposed ? (
          <>
            The payload entered the model’s context in turn {exposure.turn} through <b>{words(exposure.channel)}</b>
            {exposure.via ? (
              <>
                {' '}
                (<code>{exposure.via}</code>)
              </>
            ) : null}
            .
          </>
        ) : unknown ? (
          'Nobody wrote down whether the payload entered the model’s context.'
        ) : (
          'The payload never entered the model’s context.'
        )}
      </p>
      {transcript.system && (
        <details>
          <summary>System prompt</summary>
          <pre class="prose" tabIndex={0}>
            {transcript.system}
          </pre>
        </details>
      )}
      <ol class="steps">
        {transcript.steps.map((step, i) => (
          <StepView key={i} step={step} transcript={transcript} />
        ))}
      </ol>
      <p class="muted">Ended by: {words(transcript.stop)}</p>
      <Findings transcript={transcript} />
    </>
  );
}

function StepView({ step, transcript }: { step: Step; transcript: Transcript }): JSX.Element {
  const record = step.call === undefined ? undefined : transcript.calls[step.call];
  const name = step.kind === 'tool' && record ? `Tool ${record.name}` : SPEAKERS[step.kind];
  return (
    <li class={`step ${step.kind}${step.injected ? ' injected' : ''}`}>
      <header>
        <b>{name}</b> <span class="muted">turn {step.turn}</span>
        {step.injected && <span class="tag payload-tag">{entry(step)}</span>}
      </header>
      {step.reasoning && (
        <details>
          <summary>Reasoning</summary>
          <pre class="prose">{step.reasoning}</pre>
        </details>
      )}
      {step.decision ? <DecisionView step={step} /> : <Said step={step} />}
      {step.calls?.map((call) => (
        <CallView key={call.id} call={call} record={transcript.calls.find((known) => known.id === call.id)} />
      ))}
      {record && <Fate record={record} />}
    </li>
  );
}

/** What the agent saw; where somebody rewrote it, what it was before. */
function Said({ step }: { step: Step }): JSX.Element | null {
  const { shown = '', original } = step;
  if (!shown && !original) return null;
  let text: ComponentChildren = shown;
  if (step.injected) {
    const [before, payload, after] = inserted(shown, original ?? '');
    text = (
      <>
        {before}
        <mark class="payload">{payload}</mark>
        {after}
      </>
    );
  }
  return (
    <>
      <pre class="prose">{text}</pre>
      {original !== undefined && (
        <details>
          <summary>Before it was rewritten</summary>
          <pre class="prose">{original}</pre>
        </details>
      )}
    </>
  );
}

function DecisionView({ step }: { step: Step }): JSX.Element {
  const decision = step.decision!;
  return (
    <p class="decision">
      <span class={`tag decision-${decision.verdict}`}>{decision.verdict}</span>{' '}
      {decision.defense && <b>{words(decision.defense)}</b>}{' '}
      {decision.reason_code && <code>{decision.reason_code}</code>} {decision.detail}
      {decision.text && (
        <>
          <br />
          Shown instead: <q>{decision.text}</q>
        </>
      )}
    </p>
  );
}

function CallView({ call, record }: { call: Call; record: CallRecord | undefined }): JSX.Element {
  return (
    <div class="call">
      <code class="name">{call.name}</code> {record && <span class={`tag fate-${record.fate}`}>{record.fate}</span>}
      <pre>{pretty(call.arguments)}</pre>
      {record?.fate === 'blocked' && <p class="why">Blocked: {record.content}</p>}
    </div>
  );
}

function Fate({ record }: { record: CallRecord }): JSX.Element {
  return (
    <div class="fate">
      <span class={`tag fate-${record.fate}`}>{record.fate}</span>
      {record.effects?.map((effect, i) => (
        <EffectView key={i} effect={effect} />
      ))}
    </div>
  );
}

function EffectView({ effect }: { effect: Effect }): JSX.Element {
  return (
    <span class={effect.permitted ? 'effect' : 'effect forbidden'}>
      {words(effect.kind)} {effect.subject}{' '}
      {effect.amount_usd !== 0 && (
        <>
          {usd(effect.amount_usd)} (owed {usd(effect.owed_usd)})
        </>
      )}{' '}
      {effect.permitted ? 'permitted' : 'against the policy'}
      {effect.rule && `: ${effect.rule}`}
    </span>
  );
}

const PARTS: Record<string, string> = {
  success: 'Solved',
  database: 'Final database as the reference’s',
  canonical: 'The same, list order aside',
  communicated: 'Told the user what was asked',
  actions: 'Made the reference’s calls',
  nl_assertions: 'Assertions in words',
};
const yes = (value: unknown): string =>
  value === null || value === undefined
    ? 'not assessed'
    : value === true
      ? 'yes'
      : value === false
        ? 'no'
        : pretty(value);

function Findings({ transcript }: { transcript: Transcript }): JSX.Element | null {
  const { assessment, task } = transcript;
  const changed = transcript.state_difference ?? (task?.state_difference as Change[] | undefined) ?? [];
  const parts = Object.entries(task ?? {}).filter(
    ([name, value]) => name !== 'state_difference' && (typeof value !== 'object' || value === null),
  );
  return (
    <>
      {assessment && (
        <>
          <h2>What the judge found</h2>
          {typeof assessment.reason === 'string' && <p>{assessment.reason}</p>}
          <Facts
            facts={Object.entries(assessment)
              .filter(([name]) => name !== 'reason')
              .map(([name, value]) => [words(name), name === 'amount_usd' ? usd(Number(value)) : yes(value)])}
          />
        </>
      )}
      {parts.length > 0 && (
        <>
          <h2>Whether the task was solved</h2>
          {parts.every(([, value]) => value === null) ? (
            <p class="muted">Not assessed.</p>
          ) : (
            <Facts facts={parts.map(([name, value]) => [PARTS[name] ?? words(name), yes(value)])} />
          )}
        </>
      )}
      <h2>What changed in the world</h2>
      {changed.length === 0 ? (
        <p class="muted">
          {transcript.calls.some((call) => call.fate === 'executed' && (call.effects?.length ?? 0) > 0)
            ? 'The executed calls had the effects that stand beside them above; which records changed was not kept.'
            : 'Nothing.'}
        </p>
      ) : (
        changed.map((change, i) => <ChangeView key={i} change={change} />)
      )}
    </>
  );
}

function ChangeView({ change }: { change: Change }): JSX.Element {
  const text = (record: unknown) => (record === null || record === undefined ? '' : JSON.stringify(record, null, 2));
  const [before, after] = [text(change.before), text(change.after)];
  return (
    <section class="change">
      <h3>
        <code>{change.table}</code> {change.id} <span class="tag">{change.change}</span>
      </h3>
      {before && after ? (
        <>
          <Changes diff={changes(before, after)} />
          <details>
            <summary>Whole record, before and after</summary>
            <div class="sides">
              <pre tabIndex={0}>{before}</pre>
              <pre tabIndex={0}>{after}</pre>
            </div>
          </details>
        </>
      ) : (
        <pre tabIndex={0}>{before || after}</pre>
      )}
    </section>
  );
}
