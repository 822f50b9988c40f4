// Rows of a run as columns: a million of them in typed arrays, filtered in one pass.
// SPDX-License-Identifier: Apache-2.0
import { get } from './source';
import { OUTCOMES, type Chunk } from './types';

const NUMBERS = {
  index: Uint32Array,
  cell: Uint16Array,
  task: Uint16Array,
  seed: Uint16Array,
  goal: Uint16Array,
  channel: Uint16Array,
  stop: Uint16Array,
  trial: Uint32Array,
  outcome: Uint8Array,
  success: Uint8Array,
  exposed_turn: Uint16Array,
  attempted: Uint16Array,
  executed: Uint16Array,
  blocked: Uint16Array,
  turns: Uint16Array,
  tool_calls: Uint16Array,
  attempt: Uint8Array,
  amount: Float64Array,
  tokens: Uint32Array,
  cost: Float64Array,
  kept: Uint8Array,
} as const;
/** Of `exposed_turn`, where 0 is never: an import that does not say. */
export const NOT_WRITTEN_DOWN = 65535;
export const exposedIn = (turn: number, prefix: string, never: string): string =>
  turn === NOT_WRITTEN_DOWN ? 'not written down' : turn > 0 ? prefix + turn : never;

type Column = keyof typeof NUMBERS;
type Columns = { [name in Column]: InstanceType<(typeof NUMBERS)[name]> };
const NAMES = Object.keys(NUMBERS) as Column[];
const TEXTS = ['cell', 'task', 'seed', 'goal', 'channel', 'stop'] as const;
type Text = (typeof TEXTS)[number];

export interface RowFilter {
  outcome: string;
  task: string;
  cell: string;
  seed: string;
  text: string;
}

function decode(column: string | number, name: Column, rows: number): ArrayLike<number> {
  const Numbers = NUMBERS[name];
  if (typeof column === 'number') return new Numbers(rows).fill(column);
  const bytes = Uint8Array.from(atob(column), (letter) => letter.charCodeAt(0));
  return new Numbers(bytes.buffer);
}

/** The rows of one run, in the order in which they are kept. Grows while chunks arrive. */
export class Rows {
  length = 0;
  chunks = 0;
  arrived = 0;
  /** Whether the run had ended when they were read. */
  sealed = false;
  readonly texts: Record<Text, string[]> = { cell: [], task: [], seed: [], goal: [], channel: [], stop: [] };
  readonly errors = new Map<number, [string, string]>();
  columns: Columns = Object.fromEntries(NAMES.map((name) => [name, new NUMBERS[name](0)])) as unknown as Columns;
  private readonly numbers: Record<Text, Map<string, number>> = Object.fromEntries(
    TEXTS.map((name) => [name, new Map()]),
  ) as Record<Text, Map<string, number>>;

  constructor(readonly path: string) {}

  get complete(): boolean {
    return this.chunks > 0 && this.arrived === this.chunks;
  }

  /** Loads all chunks, first things first; calls back as they arrive. */
  async load(arrived: () => void, gone: () => boolean): Promise<void> {
    const first = await this.chunk(0);
    this.chunks = Math.max(1, first.chunks);
    this.sealed = first.sealed;
    this.reserve(this.chunks * first.rows);
    this.append(first);
    arrived();
    // Two ahead: the server prepares the next one while this one is unpacked.
    const ahead: Promise<Chunk>[] = [];
    for (let k = 1, asked = 1; k < this.chunks && !gone(); ++k) {
      while (asked < this.chunks && asked < k + 3) ahead.push(this.chunk(asked++));
      this.append(await ahead.shift()!);
      if (k % 8 === 0 || k + 1 === this.chunks) arrived();
    }
  }

  private async chunk(k: number): Promise<Chunk> {
    return get<Chunk>(`data/${this.path}/trials/${k}.json`);
  }

  private reserve(rows: number): void {
    if (this.columns.index.length >= rows) return;
    for (const name of NAMES) {
      const wider = new NUMBERS[name](rows);
      wider.set(this.columns[name]);
      (this.columns as Record<Column, unknown>)[name] = wider;
    }
  }

  private append(chunk: Chunk): void {
    this.reserve(this.length + chunk.rows);
    const renumber = {} as Record<Text, number[]>;
    for (const name of TEXTS) renumber[name] = chunk.dict[name].map((text) => this.number(name, text));
    for (const name of NAMES) {
      const values = decode(chunk.columns[name] ?? 0, name, chunk.rows);
      const here = this.columns[name];
      const map = renumber[name as Text];
      if (map === undefined) here.set(values, this.length);
      else for (let i = 0; i < chunk.rows; ++i) here[this.length + i] = map[values[i]!] ?? 0;
    }
    for (const [row, kind, message] of chunk.errors) this.errors.set(this.length + row, [kind, message]);
    this.length += chunk.rows;
    ++this.arrived;
  }

  private number(name: Text, text: string): number {
    const known = this.numbers[name].get(text);
    if (known !== undefined) return known;
    this.numbers[name].set(text, this.texts[name].length);
    return this.texts[name].push(text) - 1;
  }

  text(name: Text, row: number): string {
    return this.texts[name][this.columns[name][row]!] ?? '';
  }

  outcome(row: number): (typeof OUTCOMES)[number] {
    return OUTCOMES[this.columns.outcome[row]!] ?? 'error';
  }

  /** Where the trial with this place in the plan is, or -1. */
  find(index: number): number {
    if (this.columns.index[index] === index && index < this.length) return index; // sealed: rows are in plan order
    return this.columns.index.subarray(0, this.length).indexOf(index);
  }

  /** Rows that pass, in order. Texts are compared once per distinct text, not once per row. */
  filter(wanted: RowFilter): Uint32Array {
    const { cell, task, seed, outcome } = this.columns;
    const kind = wanted.outcome ? OUTCOMES.indexOf(wanted.outcome as never) : -1;
    const only = (name: Text, text: string) => (text ? (this.numbers[name].get(text) ?? -2) : -1);
    const [cells, tasks, seeds] = [only('cell', wanted.cell), only('task', wanted.task), only('seed', wanted.seed)];
    const matches = this.matcher(wanted.text);
    const found = new Uint32Array(this.length);
    let n = 0;
    for (let row = 0; row < this.length; ++row) {
      if (kind !== -1 && outcome[row] !== kind) continue;
      if (cells !== -1 && cell[row] !== cells) continue;
      if (tasks !== -1 && task[row] !== tasks) continue;
      if (seeds !== -1 && seed[row] !== seeds) continue;
      if (matches !== null && !matches(row)) continue;
      found[n++] = row;
    }
    return found.subarray(0, n);
  }

  private matcher(text: string): ((row: number) => boolean) | null {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return null;
    const has = (candidate: string) => candidate.toLowerCase().includes(wanted);
    const flags = TEXTS.filter((name) => name !== 'seed').map(
      (name) =>
        [this.columns[name], Uint8Array.from(this.texts[name], (candidate) => (has(candidate) ? 1 : 0))] as const,
    );
    const useful = flags.filter(([, flag]) => flag.includes(1));
    const failed = new Set([...this.errors].filter(([, error]) => error.some(has)).map(([row]) => row));
    const index = /^\d+$/.test(wanted) ? Number(wanted) : -1;
    return (row) => {
      for (const [column, flag] of useful) if (flag[column[row]!] === 1) return true;
      return this.columns.index[row] === index || failed.has(row);
    };
  }

  /** The same trial in two runs has the same key. */
  key(row: number): string {
    return `${this.text('cell', row)}\n${this.text('task', row)}\n${this.text('seed', row)}\n${this.columns.trial[row]}`;
  }
}
