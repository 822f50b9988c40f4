// Numbers and names as people read them.
// SPDX-License-Identifier: Apache-2.0
import type { Rate } from './types';

export const percent = (value: number | null): string => (value === null ? 'N/A' : `${(value * 100).toFixed(1)} %`);

/** A share of all, with two decimals where it is small. */
export const count = (value: number): string => value.toLocaleString('en-GB');

export function interval(rate: Pick<Rate, 'low' | 'high'>): string {
  return rate.low === null || rate.high === null ? '' : `${(rate.low * 100).toFixed(1)}–${(rate.high * 100).toFixed(1)} %`;
}

export const usd = (value: number): string => `$${value < 1 ? value.toFixed(4) : value.toFixed(2)}`;

export const when = (utc: string | undefined): string => (utc ?? '').replace('T', ' ').replace('Z', ' UTC');

export const words = (name: string): string => name.replaceAll('_', ' ');

/** JSON for people: short values on one line. */
export function pretty(value: unknown): string {
  if (typeof value === 'string') return value;
  const short = JSON.stringify(value);
  return short === undefined ? '' : short.length < 80 ? short : JSON.stringify(value, null, 2);
}
