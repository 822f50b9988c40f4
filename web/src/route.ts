// Addresses: every view is a hash that can be shared, and its filters are part of it.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  parts: string[];
  filters: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { parts: path.split('/').filter(Boolean).map(decode), filters: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address that somebody mistyped is no reason to show nothing
  }
}

export function href(parts: (string | number)[], filters?: Record<string, string> | URLSearchParams): string {
  const query = new URLSearchParams(filters);
  // A copy, because deleting moves what is iterated.
  // oxlint-disable-next-line no-useless-spread
  for (const [name, value] of [...query]) if (value === '') query.delete(name);
  const text = query.toString();
  return '#/' + parts.map((part) => encodeURIComponent(String(part))).join('/') + (text ? '?' + text : '');
}

/** Of a run's path, "<exp>/<run_id>". */
export const runHref = (path: string, ...rest: (string | number)[]): string =>
  href(['run', ...path.split('/'), ...rest]);

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parse(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/** Changes one filter of the address in place: no new entry in the history for every letter typed. */
export function setFilter(route: Route, name: string, value: string): void {
  const filters = new URLSearchParams(route.filters);
  if (value) filters.set(name, value);
  else filters.delete(name);
  history.replaceState(null, '', href(route.parts, filters));
  dispatchEvent(new HashChangeEvent('hashchange'));
}
