// What was inserted into a text, and which lines of a config changed.
// SPDX-License-Identifier: Apache-2.0

/** [before, inserted, after] of `shown`; what it shares with `original` at both ends is not inserted. */
export function inserted(shown: string, original: string): [string, string, string] {
  let start = 0;
  const most = Math.min(shown.length, original.length);
  while (start < most && shown[start] === original[start]) ++start;
  let end = 0;
  while (end < most - start && shown[shown.length - 1 - end] === original[original.length - 1 - end]) ++end;
  return [shown.slice(0, start), shown.slice(start, shown.length - end), shown.slice(shown.length - end)];
}

export interface Line {
  mark: ' ' | '-' | '+';
  text: string;
}

/** Lines of `before` and `after` by longest common subsequence; configs are short, beyond 2000 lines only the ends. */
export function lines(before: string, after: string): Line[] {
  const a = before.split('\n');
  const b = after.split('\n');
  if (a.length > 2000 || b.length > 2000) return [{ mark: ' ', text: 'too long to compare here' }];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; --i) {
    for (let j = b.length - 1; j >= 0; --j) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const found: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ mark: ' ', text: a[i++]! });
      ++j;
    } else if (i < a.length && (j === b.length || common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      found.push({ mark: '-', text: a[i++]! });
    } else {
      found.push({ mark: '+', text: b[j++]! });
    }
  }
  return found;
}

/** Only the changed lines with one line around each; a line of dots where something was left out between them. */
export function changes(before: string, after: string): Line[] {
  const all = lines(before, after);
  const near = all.map((_, i) => [i - 1, i, i + 1].some((k) => all[k] !== undefined && all[k]!.mark !== ' '));
  const shown: Line[] = [];
  for (const [i, line] of all.entries()) {
    if (near[i]) shown.push(line);
    else if (near[i - 1]) shown.push({ mark: ' ', text: '…' });
  }
  if (shown.at(-1)?.text === '…') shown.pop();
  return shown;
}
