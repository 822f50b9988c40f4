// A list that draws only what can be seen, however many rows there are.
// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

// Browsers stop at 17 to 33 million pixels; beyond this height, scrolling moves in proportion.
const TALLEST = 8_000_000;
const PRINTED = 200;

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

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = () => setMatches(list.matches);
    follow();
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, [query]);
  return matches;
}

export function VirtualList(props: Props): JSX.Element {
  // On a narrow screen a row takes two lines; style.css says what stands where.
  const narrow = useMedia('(max-width: 640px)');
  const print = useMedia('print');
  return print ? (
    <Printed {...props} />
  ) : (
    <Scrolled {...props} rowHeight={narrow ? 60 : props.rowHeight} key={String(narrow)} />
  );
}

function Head({ columns }: { columns: string[] }): JSX.Element {
  return (
    <div role="rowgroup">
      <div role="row" class="row head" aria-rowindex={1}>
        {columns.map((name, i) => (
          <div role="columnheader" key={i} class={`c${i}`}>
            {name}
          </div>
        ))}
      </div>
    </div>
  );
}

function Cells({ cells, link }: { cells: ComponentChildren[]; link: string }): JSX.Element {
  return (
    <>
      {cells.map((cell, i) => (
        <div role="cell" key={i} class={`c${i}`}>
          {i === 0 ? <a href={link}>{cell}</a> : cell}
        </div>
      ))}
    </>
  );
}

/** On paper there is no scrolling: the first rows, and how many there are. */
function Printed({ label, length, columns, row, open, className }: Props): JSX.Element {
  const shown = Math.min(length, PRINTED);
  return (
    <>
      <div role="table" aria-label={label} aria-rowcount={length + 1} class={`virtual ${className ?? ''}`}>
        <Head columns={columns} />
        {Array.from({ length: shown }, (_, i) => (
          <div role="row" key={i} class="row">
            <Cells cells={row(i)} link={open(i)} />
          </div>
        ))}
      </div>
      {shown < length && (
        <p>
          The first {shown} of {length} rows.
        </p>
      )}
    </>
  );
}

function Scrolled({ label, length, rowHeight, columns, row, open, className }: Props): JSX.Element {
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
  }, [length]);
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
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    j: active + 1,
    k: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: length - 1,
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
      <div
        role="row"
        key={position}
        class={position === active ? 'row active' : 'row'}
        aria-rowindex={position + 2}
        style={{ transform: `translateY(${top + position * rowHeight - offset}px)`, height: `${rowHeight}px` }}
        onClick={() => setActive(position)}
      >
        <Cells cells={row(position)} link={open(position)} />
      </div>,
    );
  }
  return (
    <div role="table" aria-label={label} aria-rowcount={length + 1} class={`virtual ${className ?? ''}`}>
      <Head columns={columns} />
      <div
        role="rowgroup"
        class="scroll"
        ref={box}
        tabIndex={0}
        style={{ maxHeight: `${Math.max(rowHeight, drawn)}px` }}
        aria-label={`${label}: arrow keys move, Enter opens`}
        onKeyDown={onKeyDown}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div class="spacer" role="presentation" style={{ height: `${drawn}px` }} />
        {rows}
      </div>
    </div>
  );
}
