// Charts as SVG and coloured tables; every one of them carries its numbers as text.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { count, interval, percent, words } from './format';
import { OUTCOMES, type Outcome, type Rate } from './types';

/** A rate on 0..100 % with its interval. */
export function RateBar({ rate, wide }: { rate: Pick<Rate, 'value' | 'low' | 'high'>; wide?: boolean }): JSX.Element {
  const x = (value: number) => 2 + value * 96;
  return (
    <svg class={wide ? 'ratebar wide' : 'ratebar'} viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <rect x="2" y="5" width="96" height="2" class="track" />
      {rate.low !== null && rate.high !== null && (
        <rect x={x(rate.low)} y="3" width={Math.max(0.8, (rate.high - rate.low) * 96)} height="6" class="band" />
      )}
      {rate.value !== null && <rect x={x(rate.value) - 0.8} y="0" width="1.6" height="12" class="dot" />}
    </svg>
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

/** All trials by outcome: errors and skipped ones stand apart because they are in no rate. */
export function OutcomeBar({ outcomes }: { outcomes: Record<Outcome, number> }): JSX.Element {
  const shown = OUTCOMES.filter((name) => outcomes[name] > 0);
  return (
    <div class="outcomes">
      <div class="stack" aria-hidden="true">
        {shown.map((name) => <div key={name} class={`part ${name}`} style={{ flexGrow: outcomes[name] }} />)}
      </div>
      <ul class="legend">
        {shown.map((name) => (
          <li key={name}><span class={`swatch ${name}`} aria-hidden="true" /> {words(name)} <b>{count(outcomes[name])}</b></li>
        ))}
      </ul>
    </div>
  );
}

/** Near white at 0 to deep red at 1; the text is black until white can be read better on it (WCAG's luminance). */
function shade(value: number): JSX.CSSProperties {
  const mix = (from: number, to: number) => Math.round(from + (to - from) * value);
  const colour = [mix(250, 150), mix(246, 20), mix(240, 40)];
  const [red, green, blue] = colour.map((part) => (part / 255 <= 0.04 ? part / 3295 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  return { backgroundColor: `rgb(${colour.join(' ')})`, color: luminance < 0.18 ? '#fff' : '#000' };
}

export interface Grid {
  rowName: string;
  columnName: string;
  rows: string[];
  columns: string[];
  rate: (row: string, column: string) => Rate | null;
  link?: (row: string, column: string) => string | null;
}

export function Heatmap({ grid, caption }: { grid: Grid; caption: string }): JSX.Element {
  return (
    <div class="wide-content" tabIndex={0} role="region" aria-label={caption}>
      <table class="heatmap">
        <caption>{caption}</caption>
        <thead>
          <tr><th scope="col">{grid.rowName} ↓ {grid.columnName} →</th>{grid.columns.map((name) => <th scope="col" key={name}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {grid.rows.map((row) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {grid.columns.map((column) => <HeatCell key={column} rate={grid.rate(row, column)} link={grid.link?.(row, column) ?? null} />)}
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
  const text = <><b>{percent(rate.value)}</b><small>{interval(rate)}</small></>;
  return <td style={shade(rate.value)} title={`${rate.k} of ${rate.n}`}>{link ? <a href={link}>{text}</a> : text}</td>;
}

/** How many tasks have which rate, in ten steps. */
export function Distribution({ values, what }: { values: number[]; what: string }): JSX.Element {
  const bins = new Array<number>(10).fill(0);
  for (const value of values) ++bins[Math.min(9, Math.floor(value * 10))]!;
  const most = Math.max(1, ...bins);
  const label = bins.map((n, i) => `${i * 10}–${i * 10 + 10} %: ${n}`).join(', ');
  return (
    <figure class="chart small">
      <figcaption>{what}</figcaption>
      <svg viewBox="0 0 350 130" role="img" aria-label={`${what}. ${label}`}>
        {bins.map((n, i) => (
          <g key={i}>
            <rect x={20 + i * 30} y={105 - (n / most) * 85} width="26" height={(n / most) * 85} class="bar" />
            {n > 0 && <text x={33 + i * 30} y={100 - (n / most) * 85} class="value">{n}</text>}
          </g>
        ))}
        <line x1="18" x2="322" y1="105" y2="105" class="axis" />
        {[0, 50, 100].map((at) => <text key={at} x={20 + at * 3} y="122" class="value">{at} %</text>)}
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

/** A rate from run to run, oldest first, with intervals. */
export function History({ points, what }: { points: Point[]; what: string }): JSX.Element {
  const step = Math.min(60, 620 / Math.max(1, points.length));
  const y = (value: number) => 10 + (1 - value) * 130;
  const x = (i: number) => 60 + i * step;
  return (
    <figure class="chart">
      <figcaption>{what}</figcaption>
      <svg viewBox="0 0 700 165" role="group" aria-label={what}>
        {[0, 0.25, 0.5, 0.75, 1].map((at) => (
          <g key={at}><line x1="45" x2="690" y1={y(at)} y2={y(at)} class="grid" /><text x="40" y={y(at) + 4} class="value end">{at * 100} %</text></g>
        ))}
        {points.map((point, i) => (
          <a key={i} href={point.link} aria-label={`${point.label}: ${percent(point.value)}, ${interval(point)}`}>
            <title>{`${point.label}: ${percent(point.value)} (${interval(point)})`}</title>
            <line x1={x(i)} x2={x(i)} y1={y(point.low)} y2={y(point.high)} class="whisker" />
            <circle cx={x(i)} cy={y(point.value)} r="4" class="bar" />
          </a>
        ))}
        <text x="60" y="160" class="value start">oldest → newest</text>
      </svg>
    </figure>
  );
}
