// One dialogue: who spoke, where the payload came in, what became of every call, what changed.
// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

import { OutcomeTag } from './charts';
import { pretty, usd, words } from './format';
import { Crumbs, Facts, Waiting } from './parts';
import { runHref } from './route';
import type { Rows } from './rows';
import { useFile } from './source';
import { inserted } from './text_diff';
import { useRows } from './trials';
import type { Call, CallRecord, Change, Effect, Pack, Run, Step, Transcript } from './types';

const SPEAKERS = { user: 'User', agent: 'Agent', tool: 'Tool', defense: 'Defense', attack: 'Attack' } as const;

export function TrialView({ path, index }: { path: string; index: number }): JSX.Element {
  const { value: run } = useFile<Run>(`data/${path}/run.json`);
  const { rows, error } = useRows(path, run?.included?.rows ?? run?.rows);
  useEffect(() => {
    const step = (event: KeyboardEvent) => {
      const by = event.key === 'n' ? 1 : event.key === 'p' ? -1 : 0;
      if (by === 0 || event.ctrlKey || event.metaKey || (event.target as Element).closest('input,select')) return;
      const at = rows.find(index) + by;
      if (at >= 0 && at < rows.length) location.hash = runHref(path, 'trial', rows.columns.index[at]!);
    };
    addEventListener('keydown', step);
    return () => removeEventListener('keydown', step);
  }, [path, index, rows]);
  const row = rows.find(index);
  const before = row > 0 ? rows.columns.index[row - 1] : undefined;
  const after = row >= 0 && row + 1 < rows.length ? rows.columns.index[row + 1] : undefined;
  return (
    <article>
      <Crumbs path={path} last={`Trial ${index}`} />
      <h1>Trial {index}</h1>
      <p class="actions">
        <a class="button" href={runHref(path, 'trials')}>All trials</a>
        {before !== undefined && <a class="button" href={runHref(path, 'trial', before)}>Previous <kbd>p</kbd></a>}
        {after !== undefined && <a class="button" href={runHref(path, 'trial', after)}>Next <kbd>n</kbd></a>}
      </p>
      {row >= 0 ? <RowFacts rows={rows} row={row} /> : <Waiting error={error || (rows.complete ? 'there is no such trial here' : undefined)} what={`trial ${index}`} />}
      <Dialogue path={path} index={index} />
    </article>
  );
}

export function RowFacts({ rows, row }: { rows: Rows; row: number }): JSX.Element {
  const { columns } = rows;
  const failure = rows.errors.get(row);
  return (
    <>
      <Facts facts={[
        ['Outcome', <OutcomeTag outcome={rows.outcome(row)} />], ['Cell', rows.text('cell', row)], ['Task', rows.text('task', row)],
        ['Seed and trial', `${rows.text('seed', row)}, ${columns.trial[row]}`], ['Task solved', ['no', 'yes', 'not assessed'][columns.success[row]!]],
        ['Goal', rows.text('goal', row)], ['Channel', rows.text('channel', row)],
        ['Exposed', columns.exposed_turn[row]! > 0 ? `in turn ${columns.exposed_turn[row]}` : 'never'],
        ['Attempted, executed, blocked', `${columns.attempted[row]}, ${columns.executed[row]}, ${columns.blocked[row]}`],
        ['Amount', columns.amount[row]! > 0 ? usd(columns.amount[row]!) : ''], ['Turns', columns.turns[row]], ['Tool calls', columns.tool_calls[row]],
        ['Tokens', columns.tokens[row]], ['Cost', columns.cost[row]! < 0 ? 'unknown' : usd(columns.cost[row]!)], ['Ended by', words(rows.text('stop', row))],
      ]} />
      {failure && <p class="problem">Error ({failure[0]}): {failure[1]}</p>}
    </>
  );
}

/** A kept dialogue, or why there is none. */
export function Dialogue({ path, index }: { path: string; index: number }): JSX.Element {
  const { value: run, error: no_run } = useFile<Run>(`data/${path}/run.json`);
  const pack = run ? Math.floor(index / run.pack) : 0;
  const { value, error } = useFile<Pack>(run && run.transcripts > 0 ? `data/${path}/transcripts/${pack}.json` : null);
  if (!run) return <Waiting error={no_run} what="the run" />;
  if (run.transcripts === 0) {
    return <p class="note">{run.included?.note ?? (run.sealed ? 'This run kept no dialogues (see `transcripts:` in its config).' : 'Dialogues can be read once the run has ended.')}</p>;
  }
  if (!value && !error) return <Waiting error={undefined} what="the dialogue" />;
  const transcript = value?.transcripts[String(index)];
  if (!transcript) return <p class="note">{run.included ? run.included.note : 'The dialogue of this trial was not kept (see `transcripts:` in the config).'}</p>;
  return <Steps transcript={transcript} />;
}

function Steps({ transcript }: { transcript: Transcript }): JSX.Element {
  const { exposure, goal } = transcript;
  return (
    <>
      {goal?.name && <p class="note">The attacker’s goal: <b>{words(goal.name)}</b>. {goal.description}</p>}
      <p class={exposure.exposed ? 'exposure exposed' : 'exposure'}>
        {exposure.exposed
          ? <>The payload entered the model’s context in turn {exposure.turn} through <b>{words(exposure.channel)}</b>{exposure.via ? <> (<code>{exposure.via}</code>)</> : null}.</>
          : 'The payload never entered the model’s context.'}
      </p>
      {transcript.system && <details><summary>System prompt</summary><pre class="prose" tabIndex={0}>{transcript.system}</pre></details>}
      <ol class="steps">
        {transcript.steps.map((step, i) => <StepView key={i} step={step} transcript={transcript} />)}
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
      <header><b>{name}</b> <span class="muted">turn {step.turn}</span>{step.injected && <span class="tag payload-tag">payload inserted here</span>}</header>
      {step.reasoning && <details><summary>Reasoning</summary><pre class="prose">{step.reasoning}</pre></details>}
      {step.decision ? <DecisionView step={step} /> : <Said step={step} />}
      {step.calls?.map((call) => <CallView key={call.id} call={call} record={transcript.calls.find((known) => known.id === call.id)} />)}
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
    text = <>{before}<mark class="payload">{payload}</mark>{after}</>;
  }
  return (
    <>
      <pre class="prose">{text}</pre>
      {original !== undefined && <details><summary>Before it was rewritten</summary><pre class="prose">{original}</pre></details>}
    </>
  );
}

function DecisionView({ step }: { step: Step }): JSX.Element {
  const decision = step.decision!;
  return (
    <p class="decision">
      <span class={`tag decision-${decision.verdict}`}>{decision.verdict}</span> {decision.defense && <b>{words(decision.defense)}</b>}{' '}
      {decision.reason_code && <code>{decision.reason_code}</code>} {decision.detail}
      {decision.text && <><br />Shown instead: <q>{decision.text}</q></>}
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
      {record.effects?.map((effect, i) => <EffectView key={i} effect={effect} />)}
    </div>
  );
}

function EffectView({ effect }: { effect: Effect }): JSX.Element {
  return (
    <span class={effect.permitted ? 'effect' : 'effect forbidden'}>
      {words(effect.kind)} {effect.subject} {effect.amount_usd !== 0 && <>{usd(effect.amount_usd)} (owed {usd(effect.owed_usd)})</>}{' '}
      {effect.permitted ? 'permitted' : 'against the policy'}{effect.rule && `: ${effect.rule}`}
    </span>
  );
}

function Findings({ transcript }: { transcript: Transcript }): JSX.Element | null {
  const { assessment, task } = transcript;
  const changes = transcript.state_difference ?? (task?.state_difference as Change[] | undefined) ?? [];
  const parts = Object.entries(task ?? {}).filter(([name, value]) => name !== 'state_difference' && typeof value !== 'object' || value === null);
  if (!assessment && parts.length === 0 && changes.length === 0) return null;
  return (
    <>
      {assessment && <><h2>The judge’s finding</h2><Facts facts={Object.entries(assessment).map(([name, value]) => [words(name), pretty(value)])} /></>}
      {parts.length > 0 && <><h2>Whether the task was solved</h2><Facts facts={parts.map(([name, value]) => [words(name), value === null ? 'not assessed' : value ? 'yes' : 'no'])} /></>}
      {changes.length > 0 && <><h2>What changed in the world</h2>{changes.map((change, i) => <ChangeView key={i} change={change} />)}</>}
    </>
  );
}

function ChangeView({ change }: { change: Change }): JSX.Element {
  return (
    <details open={true} class="change">
      <summary><code>{change.table}</code> {change.id} <span class="tag">{change.change}</span></summary>
      <div class="sides">
        <div><h3>Before</h3><pre tabIndex={0}>{change.before === null || change.before === undefined ? '–' : JSON.stringify(change.before, null, 2)}</pre></div>
        <div><h3>After</h3><pre tabIndex={0}>{change.after === null || change.after === undefined ? '–' : JSON.stringify(change.after, null, 2)}</pre></div>
      </div>
    </details>
  );
}
