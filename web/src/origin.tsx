// Where a run comes from: the run before it, its files, its origin.
// SPDX-License-Identifier: Apache-2.0
import type { JSX } from 'preact';

import { count, interval, percent, pretty, short, when, words } from './format';
import { Changes, Facts } from './parts';
import { runHref } from './route';
import { embedded } from './source';
import { changes } from './text_diff';
import { type Run } from './types';

export function Changed({ run, link }: { run: Run; link: boolean }): JSX.Element | null {
  const { previous } = run;
  if (!previous) return null;
  const diff = run.config !== null && previous.config !== null ? changes(previous.config, run.config) : [];
  const field = (name: keyof Run['manifest']) => [pretty(previous.manifest[name]), pretty(run.manifest[name])] as const;
  const commits = [previous.manifest.git?.sha ?? '', run.manifest.git?.sha ?? ''];
  const facts: [string, JSX.Element][] = [];
  if (commits[0] !== commits[1])
    facts.push([
      'Commit',
      <span>
        <code>{commits[0]?.slice(0, 10)}</code> → <code>{commits[1]?.slice(0, 10)}</code>
      </span>,
    ]);
  for (const name of ['mode', 'seeds', 'trials', 'xsweep_version', 'environment'] as const) {
    const [before, after] = field(name);
    if (before !== after)
      facts.push([
        words(name),
        <span>
          {before} → {after}
        </span>,
      ]);
  }
  const asr = previous.asr;
  return (
    <>
      <h2>What changed since the previous run</h2>
      <p>
        {link ? (
          <a href={runHref(previous.path)}>{previous.path.split('/')[1]}</a>
        ) : (
          <b>{previous.path.split('/')[1]}</b>
        )}
        {asr && (
          <>
            : attack success rate was {percent(Number(asr[0]))} (
            {interval({ low: Number(asr[1]), high: Number(asr[2]) })})
          </>
        )}
      </p>
      {facts.length === 0 && diff.length === 0 && <p class="muted">Neither the commit nor the config changed.</p>}
      <Facts facts={facts} />
      {diff.length > 0 && <Changes diff={diff} />}
    </>
  );
}

function Files({ run }: { run: Run }): JSX.Element {
  const address = (name: string) => ['files', ...run.path.split('/'), name].map(encodeURIComponent).join('/');
  return (
    <ul class="files">
      {run.files.map((name) => (
        <li key={name}>
          <a href={address(name)} download={name}>
            {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

function seedWords(seeds: unknown): string {
  if (!Array.isArray(seeds)) return '';
  return seeds.length <= 12
    ? seeds.join(', ')
    : `${seeds.slice(0, 3).join(', ')} … ${seeds.at(-1)} (${count(seeds.length)} seeds)`;
}

const Hash = ({ of }: { of: string }): JSX.Element => <code title={of}>{short(of)}</code>;

export function Origin({ run }: { run: Run }): JSX.Element {
  const { manifest } = run;
  const environment = manifest.environment as Record<string, unknown> | undefined;
  const host = manifest.host as Record<string, unknown> | undefined;
  const git = manifest.git;
  return (
    <>
      <h2>Where it comes from</h2>
      {manifest.description && <p>{manifest.description}</p>}
      <Facts
        facts={[
          ['Started', when(manifest.timestamp_utc)],
          ['Finished', when(manifest.finished_utc)],
          ['Mode', manifest.mode],
          ['Seeds', seedWords(manifest.seeds)],
          ['Trials per task and seed', pretty(manifest.trials)],
          [
            'Commit',
            git?.sha ? (
              <span>
                <Hash of={git.sha} /> {git.branch}
                {git.dirty ? ' (with uncommitted changes)' : ''}
              </span>
            ) : (
              'not from a repository'
            ),
          ],
          ['Config hash', <Hash of={String(manifest.config_hash ?? '')} />],
          ['Environment', environment ? `${String(environment.name)} ${String(environment.version)}` : ''],
          ['Its data', environment?.data_sha256 ? <Hash of={String(environment.data_sha256)} /> : ''],
          ['Host', host ? `${String(host.os ?? '')} ${String(host.cpu ?? '')}` : ''],
          ['xsweep', String(manifest.xsweep_version ?? '')],
        ]}
      />
      {Array.isArray(manifest.argv) && (
        <>
          <h3>Command</h3>
          <pre tabIndex={0}>{manifest.argv.join(' ')}</pre>
        </>
      )}
      <h3>Files</h3>
      {embedded ? <p>{run.files.join(', ')}</p> : <Files run={run} />}
      {run.config !== null && (
        <details>
          <summary>config.yaml</summary>
          <pre tabIndex={0}>{run.config}</pre>
        </details>
      )}
      {run.notes !== null && (
        <details>
          <summary>notes.md</summary>
          <pre class="prose" tabIndex={0}>
            {run.notes}
          </pre>
        </details>
      )}
    </>
  );
}
