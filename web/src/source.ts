// Where the page's files come from: blocks inside this document (report.html), or beside it (server, static site).
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';

const kind = document.querySelector('meta[name="xsweep-source"]')?.getAttribute('content') ?? 'files';
/** One file with everything inside. */
export const embedded = kind === 'embedded';
/** A server that says when a run has moved on. */
export const live = kind === 'live';

const kept = new Map<string, Promise<unknown>>();
const KEEP = 40;

async function load(path: string): Promise<unknown> {
  if (embedded) {
    for (const block of document.querySelectorAll('script[data-path]')) {
      if (block.getAttribute('data-path') === path) return JSON.parse(block.textContent ?? 'null');
    }
    throw new Error('This is not part of the file. Open the run with `xsweep serve` to see it.');
  }
  if (location.protocol === 'file:')
    throw new Error(
      'browsers do not let a page that was opened from a disk read the files beside it. Serve this folder instead, ' +
        'for example with `python3 -m http.server`, and open the address that it prints.',
    );
  const answer = await fetch(path.split('/').map(encodeURIComponent).join('/'));
  if (!answer.ok) throw new Error(await reason(answer, path));
  return answer.json();
}

async function reason(answer: Response, path: string): Promise<string> {
  const text = answer.headers.get('content-type')?.startsWith('text/plain') ? (await answer.text()).trim() : '';
  return text || `${path}: the server answered ${answer.status}`;
}

/** Reads a file once and keeps the last forty. */
export function get<T>(path: string): Promise<T> {
  const known = kept.get(path);
  if (known) return known as Promise<T>;
  const asked = load(path);
  asked.catch(() => kept.delete(path));
  kept.set(path, asked);
  const oldest = kept.keys().next().value;
  if (kept.size > KEEP && oldest !== undefined) kept.delete(oldest);
  return asked as Promise<T>;
}

const watchers = new Set<() => void>();

function forget(moved: (path: string) => boolean): void {
  for (const path of kept.keys()) if (moved(path)) kept.delete(path);
  for (const watcher of watchers) watcher();
}

/**
 * One connection for the whole page; a message names the runs that have moved on. Nobody knows what happened while there
 * was none, so whatever is shown is read again when it opens anew. A hidden page lets go of it: a browser has six for a
 * server.
 */
let opened = 0;
function listen(): () => void {
  const events = new EventSource('data/events');
  events.addEventListener('open', () => void (opened++ > 0 && forget(() => true)));
  events.addEventListener('changed', (event) => {
    const runs: string[] = JSON.parse((event as MessageEvent<string>).data);
    forget((path) => path === 'data/runs.json' || runs.some((run) => path.startsWith(`data/${run}/`)));
  });
  return () => events.close();
}

if (live) {
  let stop: (() => void) | undefined = undefined;
  const follow = () => {
    stop?.();
    stop = document.hidden ? undefined : listen();
  };
  document.addEventListener('visibilitychange', follow);
  follow();
}

export interface Loaded<T> {
  value?: T;
  error?: string;
}

/** A file as state; read again when the server says that it has changed. What was shown stays until then. */
export function useFile<T>(path: string | null): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { path?: string | null }>({});
  useEffect(() => {
    if (path === null) return undefined;
    let gone = false;
    const read = () =>
      get<T>(path).then(
        (value) => gone || setLoaded({ value, path }),
        (error: unknown) =>
          gone ||
          setLoaded((old) =>
            old.path === path && old.value
              ? old
              : { error: error instanceof Error ? error.message : String(error), path },
          ),
      );
    void read();
    watchers.add(read);
    return () => {
      gone = true;
      watchers.delete(read);
    };
  }, [path]);
  return loaded.path === path ? loaded : {};
}
