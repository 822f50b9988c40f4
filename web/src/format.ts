// Numbers and names as people read them.
// SPDX-License-Identifier: Apache-2.0
import type { Rate } from './types';

/** The one rounding of printed figures, as the program's: to the nearest tenth of a percent, a tie away from 0. */
export function tenths(share: number): string {
  const value = share * 100;
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 10 + 1e-9)) / 10;
  return (rounded === 0 ? 0 : rounded).toFixed(1);
}

export const percent = (value: number | null): string => (value === null ? 'N/A' : `${tenths(value)} %`);

export const count = (value: number): string => value.toLocaleString('en-GB');

export function interval(rate: Pick<Rate, 'low' | 'high'>): string {
  return rate.low === null || rate.high === null ? '' : `${tenths(rate.low)}–${tenths(rate.high)} %`;
}

/** With four decimals where it is small, as the cost of single trials is. */
export const usd = (value: number): string => `$${value === 0 ? '0' : value.toFixed(value < 1 ? 4 : 2)}`;

export const when = (utc: string | undefined): string => (utc ?? '').replace('T', ' ').replace('Z', ' UTC');

export const words = (name: string): string => name.replaceAll('_', ' ');

/** A hash as people quote it. */
export const short = (hash: string | undefined): string => (hash ?? '').slice(0, 12);

/** JSON for people: short values on one line. */
export function pretty(value: unknown): string {
  if (typeof value === 'string') return value;
  const line = JSON.stringify(value);
  return line === undefined ? '' : line.length < 80 ? line : JSON.stringify(value, null, 2);
}
