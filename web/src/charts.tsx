// Charts as SVG and coloured tables; every one of them carries its numbers as text.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { count, interval, percent, words } from './format';
import { OUTCOMES, type Outcome, type Rate } from './types';

/** A rate on 0..100 % with its interval. */
export function RateBar({
  rate,
  wide,
}: {
  rate: Pick<Rate, 'value' | 'low' | 'high'>;
  wide?: boolean;
}): JSX.Element | null {
  if (rate.value === null) return null;
  const at = (value: number) => `${(value * 100).toFixed(2)}%`;
  return (
    <>
      <svg class={wide ? 'ratebar wide' : 'ratebar'} aria-hidden="true">
        <line x1="0" x2="100%" y1="50%" y2="50%" class="track" />
        {rate.low !== null && rate.high !== null && (
          <rect x={at(rate.low)} y="25%" width={at(rate.high - rate.low)} height="50%" class="band" />
        )}
        <line x1={at(rate.value)} x2={at(rate.value)} y1="0" y2="100%" class="dot" />
      </svg>
      {wide && (
        <div class="scale" aria-hidden="true">
          {[0, 25, 50, 75, 100].map((mark) => (
            <span key={mark}>{mark} %</span>
          ))}
        </div>
      )}
    </>
  );
}

export function RateText({ rate }: { rate: Rate }): JSX.Element {
  if (rate.value === null) return <span class="muted">N/A</span>;
  return (
    <span class="rate" title={`${rate.k} of ${rate.n}; ${rate.basis}`}>
      <b>{percent(rate.value)}</b> <span class="muted">{interval(rate)}</span>
    </span>
  );
}

export function OutcomeTag({ outcome }: { outcome: Outcome }): JSX.Element {
  return <span class={`tag ${outcome}`}>{words(outcome)}</span>;
}

const GROUPS: [string, Outcome[]][] = [
  ['In the attack success rate', ['attack_succeeded', 'attack_resisted', 'attack_blocked', 'not_exposed']],
  ['Without an attack', ['benign']],
  ['In no rate', ['error', 'skipped']],
];

/** All trials by outcome: errors and skipped ones stand apart because they are in no rate. */
export function OutcomeBar({ outcomes }: { outcomes: Record<Outcome, number> }): JSX.Element {
  const groups = GROUPS.map(([title, names]) => [title, names.filter((name) => outcomes[name] > 0)] as const).filter(
    ([, names]) => names.length > 0,
  );
  return (
    <div class="outcomes">
      <div class="stack" aria-hidden="true">
        {OUTCOMES.filter((name) => outcomes[name] > 0).map((name) => (
          <div key={name} class={`part ${name}`} style={{ flexGrow: outcomes[name] }} />
        ))}
      </div>
      <div class="legends">
        {groups.map(([title, names]) => (
          <section key={title}>
            <h3>{title}</h3>
            <ul class="legend">
              {names.map((name) => (
                <li key={name}>
                  <span class={`swatch ${name}`} aria-hidden="true" /> {words(name)} <b>{count(outcomes[name])}</b>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}

export interface Grid {
  rowName: string;
  /** Empty where there is one column only. */
  columnName: string;
  rows: string[];
  columns: string[];
  /** What people read in place of a row's key. */
  rowLabel?: (row: string) => string;
  rate: (row: string, column: string) => Rate | null;
  link?: (row: string, column: string) => string | null;
  /** Columns without colour behind the others. */
  more?: { names: string[]; cells: (row: string) => JSX.Element[] };
}

export function Heatmap({ grid, caption }: { grid: Grid; caption: string }): JSX.Element {
  return (
    <div class="wide-content" tabIndex={0} role="region" aria-label={caption}>
      <table class="heatmap">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">
              {grid.rowName}
              {grid.columnName && ` ↓  ${grid.columnName} →`}
            </th>
            {grid.columns.map((name) => (
              <th scope="col" class="c" key={name}>
                {name}
              </th>
            ))}
            {grid.more?.names.map((name) => (
              <th scope="col" class="c" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.rows.map((row) => (
            <tr key={row}>
              <th scope="row">{grid.rowLabel ? grid.rowLabel(row) : row}</th>
              {grid.columns.map((column) => (
                <HeatCell key={column} rate={grid.rate(row, column)} link={grid.link?.(row, column) ?? null} />
              ))}
              {grid.more?.cells(row).map((cell, i) => (
                <td class="more" key={i}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HeatCell({ rate, link }: { rate: Rate | null; link: string | null }): JSX.Element {
  if (rate === null) return <td class="none">–</td>;
  if (rate.value === null) return <td class="none">N/A</td>;
  const text = (
    <>
      <b>{percent(rate.value)}</b>
      <small>{interval(rate) || `${rate.k} of ${rate.n}`}</small>
    </>
  );
  const share = { '--share': `${(rate.value * 100).toFixed(1)}%` } as JSX.CSSProperties;
  return (
    <td class="heat" style={share} title={`${rate.k} of ${rate.n}`}>
      {link ? <a href={link}>{text}</a> : text}
    </td>
  );
}

/** How many tasks have which rate, in ten steps. */
export function Distribution({ values, what }: { values: number[]; what: string }): JSX.Element {
  const bins = Array.from({ length: 10 }, () => 0);
  for (const value of values) ++bins[Math.min(9, Math.floor(value * 10))]!;
  const most = Math.max(1, ...bins);
  const label = bins.map((n, i) => `${i * 10}–${i * 10 + 10} %: ${n}`).join(', ');
  return (
    <figure class="chart small">
      <figcaption>
        {what} <span class="muted">({count(values.length)} tasks)</span>
      </figcaption>
      <svg viewBox="0 0 350 130" role="img" aria-label={`${what}. ${label}`}>
        {bins.map((n, i) => (
          <g key={i}>
            <rect x={20 + i * 30} y={105 - (n / most) * 85} width="28" height={(n / most) * 85} class="bar" />
            {n > 0 && (
              <text x={34 + i * 30} y={100 - (n / most) * 85} class="value">
                {n}
              </text>
            )}
          </g>
        ))}
        <line x1="18" x2="322" y1="105" y2="105" class="axis" />
        {[0, 50, 100].map((at) => (
          <text key={at} x={20 + at * 3} y="122" class="value">
            {at} %
          </text>
        ))}
      </svg>
    </figure>
  );
}

export interface Point {
  label: string;
  link: string;
  value: number;
  low: number;
  high: number;
}

/** A rate from run to run, oldest first, with intervals. From 0 up to what is needed, in steps of 25 or 5 points. */
export function History({ points, what }: { points: Point[]; what: string }): JSX.Element {
  const highest = Math.max(...points.map((point) => point.high));
  const step = highest > 0.5 ? 0.25 : highest > 0.2 ? 0.1 : 0.05;
  const top = Math.min(1, Math.ceil(highest / step - 1e-9) * step || step);
  const y = (value: number) => 10 + (1 - value / top) * 130;
  const x = (i: number) => 60 + (i + 0.5) * Math.min(120, 620 / points.length);
  const marks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return (
    <figure class="chart">
      <figcaption>{what}</figcaption>
      <svg viewBox="0 0 700 168" role="group" aria-label={what}>
        {marks.map((mark) => (
          <g key={mark}>
            <line x1="45" x2="690" y1={y(mark)} y2={y(mark)} class="grid" />
            <text x="40" y={y(mark) + 4} class="value end">
              {Math.round(mark * 100)} %
            </text>
          </g>
        ))}
        {points.map((point, i) => (
          <a key={i} href={point.link} aria-label={`${point.label}: ${percent(point.value)}, ${interval(point)}`}>
            <title>{`${point.label}: ${percent(point.value)} (${interval(point)})`}</title>
            <line x1={x(i)} x2={x(i)} y1={y(point.low)} y2={y(point.high)} class="whisker" />
            {[point.low, point.high].map((end, k) => (
              <line key={k} x1={x(i) - 4} x2={x(i) + 4} y1={y(end)} y2={y(end)} class="whisker" />
            ))}
            <circle cx={x(i)} cy={y(point.value)} r="3.5" class="bar" />
          </a>
        ))}
        <text x="45" y="162" class="value start">
          oldest → newest
        </text>
      </svg>
    </figure>
  );
}
