// The JSON that src/present/page_data.h describes.
// SPDX-License-Identifier: Apache-2.0

export const OUTCOMES = [
  'attack_succeeded',
  'attack_resisted',
  'attack_blocked',
  'not_exposed',
  'benign',
  'error',
  'skipped',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Rate {
  k: number;
  n: number;
  value: number | null;
  low: number | null;
  high: number | null;
  basis: string;
}

export interface Tally {
  trials: number;
  outcomes: Record<Outcome, number>;
  exposed: number;
  attempted: number;
  attempts: number;
  executions: number;
  blocks: number;
  turns: number;
  tool_calls: number;
  queries: number;
  calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  unknown_cost: number;
}

export interface SeedRates {
  seed: string;
  trials: number;
  errors: number;
  asr: Rate;
  asr_exposed: Rate;
  task_success: Rate;
}

/** [task, asr k, asr n, low, high, task_success k, n] */
export type TaskRates = [number, number, number, number | null, number | null, number, number];

export interface Cell {
  id: string;
  label: string;
  arm: string;
  attack: string;
  defense: string;
  /** [path, value, the path in a word] */
  axes: [string, string, string][];
  tally: Tally;
  asr: Rate;
  asr_exposed: Rate;
  task_success: Rate;
  error_rate: Rate;
  flip_rate: number | null;
  icc: number | null;
  pass_k: [number, number, number | null, number | null][];
  seeds: SeedRates[];
  tasks: TaskRates[];
}

/** Attacks against defenses; of several cells in one square, the one with the highest rate. */
export interface Matrix {
  attacks: string[];
  rows: {
    defense: string;
    squares: ({ cell: string; asr: Rate; asr_exposed: Rate; task_success: Rate } | null)[];
    /** The place in `attacks` of the one that succeeds most. */
    worst: number | null;
    utility: Rate;
    utility_without_attack: boolean;
  }[];
}

/** What became of one gate. `value` and its bounds are shares, or differences of shares. */
export interface GateResult {
  gate: string;
  verdict: string;
  cell: string;
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  /** Which evaluation of the question it was. */
  look: number;
  explanation: string;
}

/** run.json; only what is shown by name is named here. */
export interface Manifest {
  run_id?: string;
  exp?: string;
  status?: string;
  mode?: string;
  verdict?: string;
  timestamp_utc?: string;
  finished_utc?: string;
  planned?: number;
  description?: string;
  gates?: string[];
  headline?: { gates?: GateResult[]; [key: string]: unknown } | null;
  git?: { sha?: string; branch?: string; dirty?: boolean };
  budget?: { limits?: Record<string, unknown>; used?: Record<string, unknown>; stopped_by?: unknown } | null;
  [key: string]: unknown;
}

export interface Run {
  path: string;
  manifest: Manifest;
  headline: string;
  rows: number;
  sealed: boolean;
  total: Tally;
  asr: Rate;
  task_success: Rate;
  error_rate: Rate;
  cells: Cell[];
  matrix: Matrix | null;
  tasks: string[];
  /** [role, name, in words, replies] of replies of models that were no answers. */
  unanswered: [string, string, string, number][];
  findings: string[];
  /** Why the rows are not those that the run planned; nothing of such a run is a result. */
  defects: string[];
  transcripts: number;
  pack: number;
  files: string[];
  config: string | null;
  notes: string | null;
  previous: { path: string; manifest: Manifest; config: string | null; asr: [string, string, string] | null } | null;
  /** Set where not everything is included: how many rows and dialogues are, and why. */
  included?: { rows: number; transcripts: number; note: string };
}

export interface RunList {
  columns: string[];
  rows: string[][];
}

export interface Chunk {
  chunk: number;
  chunks: number;
  rows: number;
  sealed: boolean;
  dict: Record<'cell' | 'task' | 'seed' | 'goal' | 'channel' | 'stop', string[]>;
  columns: Record<string, string | number>;
  errors: [number, string, string][];
}

export interface Call {
  id: string;
  name: string;
  arguments: unknown;
}

export interface Effect {
  kind: string;
  subject: string;
  amount_usd: number;
  owed_usd: number;
  permitted: boolean;
  rule: string;
}

export interface CallRecord extends Call {
  turn: number;
  fate: 'executed' | 'failed' | 'blocked';
  content: string;
  effects?: Effect[];
}

export interface Decision {
  verdict: string;
  defense?: string;
  reason_code?: string;
  detail?: string;
  text?: string;
}

export interface Step {
  kind: 'user' | 'agent' | 'tool' | 'defense' | 'attack';
  turn: number;
  call?: number;
  shown?: string;
  original?: string;
  injected?: boolean;
  reasoning?: string;
  calls?: Call[];
  decision?: Decision;
}

export interface Change {
  table: string;
  id: string;
  change: string;
  before: unknown;
  after: unknown;
}

export interface Transcript {
  stop: string;
  exposure: { exposed: boolean; turn: number; channel: string; via: string };
  system: string;
  steps: Step[];
  calls: CallRecord[];
  goal?: { name: string; description: string };
  assessment?: Record<string, unknown>;
  task?: Record<string, unknown>;
  state_difference?: Change[];
}

export interface Pack {
  transcripts: Record<string, Transcript>;
}

/** What compare.h found; sentences are shown as they are. */
export interface Comparison {
  words: string[];
  facts: [string, string, string][];
  adjustment: string;
  cells: {
    cell: string;
    measure: string;
    a: Rate;
    b: Rate;
    difference: number | null;
    low: number | null;
    high: number | null;
    p: number | null;
    p_adjusted: number | null;
    verdict: string;
    method: string;
    pairs: number;
    only_a: number;
    only_b: number;
    detectable: number | null;
  }[];
}
