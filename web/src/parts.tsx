// Small pieces that several views share.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { runHref } from './route';
import type { Line } from './text_diff';

export function Waiting({ error, what }: { error: string | undefined; what: string }): JSX.Element {
  return error ? (
    <p class="problem" role="alert">
      Cannot show {what}: {error}
    </p>
  ) : (
    <p class="empty" role="status">
      Loading {what}…
    </p>
  );
}

interface ChoiceProps {
  label: string;
  options: string[];
  value: string;
  choose: (value: string) => void;
  name?: (option: string) => string;
}

export function Choice({ label, options, value, choose, name }: ChoiceProps): JSX.Element {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all</option>
        {value && !options.includes(value) && <option value={value}>{value}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {name ? name(option) : option}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What a list says when its filters leave nothing. */
export function NothingLeft({ what, all }: { what: string; all: string }): JSX.Element {
  return (
    <p class="empty">
      No {what} passes these filters. <a href={all}>Show all</a>
    </p>
  );
}

export function Changes({ diff }: { diff: Line[] }): JSX.Element {
  const name = { '+': 'added', '-': 'removed', ' ': '' } as const;
  return (
    <pre class="diff" tabIndex={0} role="region" aria-label="Changed lines">
      {diff.map((line, i) => (
        <span key={i} class={name[line.mark]}>
          {line.mark} {line.text}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

export function Crumbs({ path, last }: { path: string; last?: string }): JSX.Element {
  const [exp, run] = path.split('/');
  return (
    <nav class="crumbs" aria-label="Where this is">
      <a href="#/">Runs</a> <span aria-hidden="true">›</span>{' '}
      <a href={`#/?exp=${encodeURIComponent(exp ?? '')}`}>{exp}</a> <span aria-hidden="true">›</span>{' '}
      {last ? (
        <>
          <a href={runHref(path)}>{run}</a> <span aria-hidden="true">›</span> <span>{last}</span>
        </>
      ) : (
        <span>{run}</span>
      )}
    </nav>
  );
}

export function Facts({ facts }: { facts: [string, JSX.Element | string | number | null | undefined][] }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== '' && value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
