// The page: which view an address means.
// SPDX-License-Identifier: Apache-2.0
import { render, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { Compare, SideBySide } from './compare';
import { useRoute, type Route } from './route';
import { RunView } from './run';
import { Runs } from './runs';
import { embedded, live, useFile } from './source';
import { TrialView } from './transcript';
import { Trials } from './trials';
import type { RunList } from './types';

const wholeNumber = (text: string | undefined): number | null =>
  text && /^\d{1,15}$/.test(text) ? Number(text) : null;

function View({ route }: { route: Route }): JSX.Element {
  const [view, exp, run, more, place] = route.parts;
  if (view === undefined) return embedded ? <OnlyRun route={route} /> : <Runs route={route} />;
  const path = `${exp}/${run}`;
  if (view === 'run' && exp && run) {
    const index = wholeNumber(place);
    if (more === undefined) return <RunView key={path} path={path} route={route} />;
    if (more === 'trials') return <Trials key={path} path={path} route={route} />;
    if (more === 'trial' && index !== null) return <TrialView key={path} path={path} index={index} route={route} />;
  }
  if (view === 'compare' && route.parts.length >= 5) {
    const [a, b] = [path, `${more}/${place}`];
    const [x, y] = [wholeNumber(route.parts[5]), wholeNumber(route.parts[6])];
    if (x !== null && y !== null) return <SideBySide key={a + b} a={a} b={b} at={[x, y]} route={route} />;
    return <Compare key={a + b} a={a} b={b} route={route} />;
  }
  return (
    <p class="problem" role="alert">
      There is no view at this address. <a href="#/">All runs</a>
    </p>
  );
}

/** A report of one run opens on it; of several, on their list. */
function OnlyRun({ route }: { route: Route }): JSX.Element {
  const { value: list } = useFile<RunList>('data/runs.json');
  const path = list?.rows.length === 1 ? list.rows[0]![list.columns.indexOf('path')] : undefined;
  return path ? <RunView key={path} path={path} route={route} /> : <Runs route={route} />;
}

function Page(): JSX.Element {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const place = route.parts.join('/');
  useEffect(() => {
    document.title = [...route.parts.slice(1).reverse(), 'xsweep'].join(' · ');
    scrollTo(0, 0);
    if (place) main.current?.focus({ preventScroll: true }); // screen readers start where the view starts
  }, [place]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <a href="#/">xsweep</a>
        <span class="muted">
          {embedded ? 'report of one run' : live ? 'this machine’s runs, live' : 'published runs'}
        </span>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <View route={route} />
      </main>
    </>
  );
}

render(<Page />, document.getElementById('app')!);
