// A list that draws only what can be seen, however many rows there are.
// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

// Browsers stop at 17 to 33 million pixels; beyond this height, scrolling moves in proportion.
const TALLEST = 8_000_000;

interface Props {
  label: string;
  length: number;
  rowHeight: number;
  columns: string[];
  /** Cells of a row. */
  row: (position: number) => ComponentChildren[];
  /** Where a row leads. */
  open: (position: number) => string;
  className?: string;
}

export function VirtualList({ label, length, rowHeight, columns, row, open, className }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(0);
  const full = length * rowHeight;
  const drawn = Math.min(full, TALLEST);
  const ratio = drawn > height ? (full - height) / (drawn - height) : 1;
  const offset = top * ratio;
  const first = Math.max(0, Math.floor(offset / rowHeight) - 4);
  const last = Math.min(length, Math.ceil((offset + height) / rowHeight) + 4);

  useLayoutEffect(() => {
    const measure = () => box.current && setHeight(box.current.clientHeight || 600);
    measure();
    addEventListener('resize', measure);
    return () => removeEventListener('resize', measure);
  }, []);
  useEffect(() => {
    if (active >= length) setActive(0);
    if (box.current) setTop(box.current.scrollTop);
  }, [length]);

  const show = (position: number) => {
    const next = Math.max(0, Math.min(length - 1, position));
    setActive(next);
    const at = next * rowHeight;
    if (box.current && (at < offset || at + rowHeight > offset + height - rowHeight)) {
      box.current.scrollTop = Math.max(0, at - height / 2) / ratio;
    }
  };
  const page = Math.max(1, Math.floor(height / rowHeight) - 2);
  const moves: Record<string, number> = {
    ArrowDown: active + 1, ArrowUp: active - 1, j: active + 1, k: active - 1,
    PageDown: active + page, PageUp: active - page, Home: 0, End: length - 1,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const target = moves[event.key];
    if (event.key === 'Enter' && event.target === box.current && length > 0) location.hash = open(active);
    else if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    else show(target);
    event.preventDefault();
  };

  const rows: JSX.Element[] = [];
  for (let position = first; position < last; ++position) {
    rows.push(
      <div role="row" key={position} class={position === active ? 'row active' : 'row'} aria-rowindex={position + 2}
           style={{ transform: `translateY(${top + position * rowHeight - offset}px)`, height: `${rowHeight}px` }}
           onClick={() => setActive(position)}>
        {row(position).map((cell, i) => (
          <div role="cell" key={i} class={`c${i}`}>{i === 0 ? <a href={open(position)}>{cell}</a> : cell}</div>
        ))}
      </div>,
    );
  }
  return (
    <div role="table" aria-label={label} aria-rowcount={length + 1} class={`virtual ${className ?? ''}`}>
      <div role="rowgroup">
        <div role="row" class="row head" aria-rowindex={1}>
          {columns.map((name, i) => <div role="columnheader" key={i} class={`c${i}`}>{name}</div>)}
        </div>
      </div>
      <div role="rowgroup" class="scroll" ref={box} tabIndex={0} style={{ maxHeight: `${Math.max(3 * rowHeight, drawn)}px` }} aria-label={`${label}: arrow keys move, Enter opens`}
           onKeyDown={onKeyDown} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <div class="spacer" role="presentation" style={{ height: `${drawn}px` }} />
        {rows}
      </div>
    </div>
  );
}
