// A chart over steps by uPlot. All charts of a page share the step under the pointer, and the range of steps.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { percent, short } from '../lib/format';
import { dark, useStore } from '../lib/store';

export interface Series {
  label: string;
  color: number; // into the palette
  x: number[];
  y: (number | null)[];
  low?: (number | null)[]; // an interval around y
  high?: (number | null)[];
  points?: boolean; // measured now and then: shown as points, never smoothed
  notes?: string[]; // what is said of each point, under the pointer
  fill?: boolean;
}
export interface ChartProps {
  title: string;
  series: Series[];
  smooth: number; // 0 … 0.99: how much of the mean before stays
  log: boolean;
  share?: boolean; // values are shares of one
  help?: string;
  xTitle?: string;
  alone?: boolean; // its x is no step: it shares neither pointer nor range
  range?: [number, number]; // of steps, that of the page's other charts
  onZoom?: (range: [number, number] | null) => void; // a part was chosen; null: all again
  height?: number;
}

const kLight = ['#0f766e', '#b45309', '#4f46e5', '#be185d', '#3f6212', '#0369a1', '#7c3aed', '#57534e'];
const kDark = ['#5cc4b7', '#f0b35a', '#a5a3ff', '#f58ab8', '#a3cf6e', '#6bb8f0', '#c8a6ff', '#bdb7b0'];
export const paletteColor = (i: number, isDark: boolean): string => (isDark ? kDark : kLight)[i % kLight.length]!;

// From the ninth line on the colours come again, dashed.
const dashed = (i: number): boolean => i >= kLight.length;
const kMostBands = 4; // more intervals over each other say nothing

// Exponential moving average, its start corrected as Adam's is (Kingma & Ba 2015), over the values that are there.
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  let mean = 0, scale = 0;
  return values.map((v) => {
    if (v === null) return null;
    mean = weight * mean + (1 - weight) * v;
    scale = weight * scale + (1 - weight);
    return mean / scale;
  });
}

interface Pointer { index: number; x: number }

interface Table { data: uPlot.AlignedData; lines: { series: number; role: 'raw' | 'line' | 'low' | 'high' }[] }

// The series over all of their steps together.
function table(series: Series[], smooth: number, log: boolean): Table {
  const xs = [...new Set(series.flatMap((s) => s.x))].sort((a, b) => a - b);
  const row = new Map(xs.map((x, i) => [x, i]));
  const lines: Table['lines'] = [];
  const columns: (number | null)[][] = [];
  const add = (s: Series, n: number, role: Table['lines'][number]['role'], values: (number | null)[]) => {
    const column = new Array<number | null>(xs.length).fill(null);
    s.x.forEach((x, i) => {
      const v = values[i] ?? null;
      column[row.get(x)!] = v !== null && log && v <= 0 ? null : v;
    });
    lines.push({ series: n, role });
    columns.push(column);
  };
  series.forEach((s, n) => {
    if (s.low && s.high) {
      add(s, n, 'high', s.high);
      add(s, n, 'low', s.low);
    }
    const soft = smooth > 0 && !s.points && !s.fill;
    if (soft) add(s, n, 'raw', s.y);
    add(s, n, 'line', soft ? smoothed(s.y, smooth) : s.y);
  });
  return { data: [xs, ...columns] as uPlot.AlignedData, lines };
}

function options(lines: Table['lines'], series: Series[], props: ChartProps, width: number, isDark: boolean,
  onPointer: (pointer: Pointer | null) => void, onZoom: (range: [number, number] | null) => void): uPlot.Options {
  const css = getComputedStyle(document.documentElement);
  const soft = css.getPropertyValue('--soft').trim(), line = css.getPropertyValue('--line').trim();
  const sheet = css.getPropertyValue('--sheet').trim();
  const font = '11px Inter, sans-serif';
  const bands: uPlot.Band[] = [];
  const intervals = lines.filter((l) => l.role === 'high' && series[l.series]!.x.length > 1).length;
  lines.forEach(({ role, series: n }, i) => {
    if (role === 'high' && intervals <= kMostBands) bands.push({ series: [i + 1, i + 2], fill: `${paletteColor(series[n]!.color, isDark)}2b` });
  });
  const axis: uPlot.Axis = { font, stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width, height: props.height ?? 190, bands, padding: [8, 18, 0, 0],
    scales: {
      x: { time: false },
      y: {
        distr: props.log ? 3 : 1,
        range: props.log
          ? (_u, min, max) => uPlot.rangeLog(min > 0 ? min : 1e-6, max > 0 ? max : 1, 10, false)
          : (_u, min, max) => {
            // All zero: uPlot's own axis would go to 100.
            const [low, high] = min === 0 && max === 0 ? [0, 1] : uPlot.rangeNum(series.some((s) => s.fill) ? Math.min(0, min) : min, max, 0.08, true);
            return [props.share ? Math.max(0, low ?? 0) : low, props.share ? Math.min(1, Math.max(high ?? 1, 0.05)) : high];
          },
      },
    },
    axes: [
      {
        ...axis, size: props.alone ? 40 : 24, space: 60, ...(props.alone && props.xTitle ? { label: props.xTitle, labelSize: 16, labelFont: font, labelGap: 0 } : {}),
        incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
      },
      {
        ...axis, space: 32, size: (_u, labels) => Math.max(48, 16 + 6.5 * Math.max(0, ...(labels ?? []).map((t) => t.length))),
        values: (_u, ticks) => ticks.map((t) => (t === null ? '' : props.share ? `${+(100 * t).toPrecision(3)} %` : short(t))),
      },
    ],
    series: [
      {},
      ...lines.map(({ series: n, role }): uPlot.Series => {
        const s = series[n]!;
        const color = paletteColor(s.color, isDark);
        const edge = role === 'low' || role === 'high';
        return {
          label: s.label, spanGaps: !props.log, // on a logarithmic axis a gap may be what is not above 0
          stroke: edge ? 'transparent' : role === 'raw' ? `${color}50` : color,
          width: edge ? 0 : role === 'raw' ? 1 : 1.7,
          ...(dashed(s.color) ? { dash: [6, 4] } : {}),
          ...(s.fill && role === 'line' ? { fill: `${color}40` } : {}),
          points: { show: role === 'line' && (s.points === true || s.x.length === 1), size: props.alone ? 9 : 6, fill: color, stroke: sheet },
        };
      }),
    ],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: (_u, i) => (lines[i - 1]?.role === 'line' ? 7 : 0) },
      ...(props.alone ? { drag: { x: false, y: false } } : {
        sync: { key: 'hone', setSeries: false, scales: ['x', null] as [string, null] },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => { onZoom(null); return null; } },
      }),
    },
    hooks: {
      setCursor: [(u) => {
        const left = u.cursor.left ?? -1, index = u.cursor.idx ?? null;
        onPointer(index === null || left < 0 ? null : { index, x: u.posToVal(left, 'x') });
      }],
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        onZoom([u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')]);
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

// Whether some value has no logarithm.
const lost = (series: Series[]): boolean => series.some((s) => s.y.some((v) => v !== null && v <= 0));

export function Chart(props: ChartProps) {
  const { title, series, smooth, share, help } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const isDark = useStore(dark);
  const onZoom = useRef(props.onZoom);
  onZoom.current = props.onZoom;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [ownLog, setOwnLog] = useState<boolean | null>(null);
  const log = ownLog ?? props.log;
  const [pointer, setPointer] = useState<Pointer | null>(null);
  const made = useMemo(() => table(series, smooth, log), [series, smooth, log]);
  const shape = JSON.stringify([made.lines, series.map((s) => [s.label, s.color, s.points, s.fill]), log, share, isDark, props.height]);
  const current = useRef(made);
  current.current = made;

  const range = useRef(props.range);
  range.current = props.range;
  const scale = (u: uPlot) => {
    const xs = u.data[0];
    const [min, max] = (props.alone ? null : range.current) ?? [xs[0] ?? 0, xs[xs.length - 1] ?? 1];
    if (props.alone) u.setScale('x', { min: 0, max: 1.06 * (max || 1) });
    else u.setScale('x', min === max ? { min: min - 1, max: max + 1 } : { min, max });
  };
  useLayoutEffect(() => {
    const element = box.current!;
    const u = new uPlot(options(made.lines, series, { ...props, log }, element.clientWidth || 300, isDark, setPointer, (r) => onZoom.current?.(r)), current.current.data, element);
    plot.current = u;
    scale(u);
    const observer = new ResizeObserver(() => u.setSize({ width: element.clientWidth, height: props.height ?? 190 }));
    observer.observe(element);
    return () => { observer.disconnect(); u.destroy(); plot.current = null; };
  }, [shape]);
  const key = made.data.map((c) => `${c.length}:${c[c.length - 1]}`).join(' ');
  useEffect(() => {
    plot.current?.setData(made.data, false);
    if (plot.current) scale(plot.current);
  }, [key, smooth, series]);
  useEffect(() => { if (plot.current) scale(plot.current); }, [props.range?.[0], props.range?.[1]]);

  useEffect(() => {
    made.lines.forEach((l, i) => plot.current?.setSeries(i + 1, { show: !hidden.has(series[l.series]!.label) }));
  }, [hidden, shape]);

  const xs = made.data[0];
  const measured = series.every((s) => s.points);
  const format = share ? percent : short;
  // The value at the pointer, or the last one before it where they come seldom; without a pointer each line's last.
  // A line that has ended has none.
  const value = (n: number): { value: number; x: number } | null => {
    const column = made.data[made.lines.findIndex((l) => l.series === n && l.role === 'line') + 1];
    const s = series[n]!;
    const x = pointer && (measured && !props.alone ? pointer.x : xs[pointer.index]!);
    if (x !== null && !s.points && x > (s.x[s.x.length - 1] ?? -1)) return null;
    for (let i = xs.length - 1; column && i >= 0; --i) {
      const v = column[i];
      if (v === null || v === undefined || (x !== null && xs[i]! > x)) continue;
      return props.alone && x !== null && xs[i] !== x ? null : { value: v, x: xs[i]! };
    }
    return null;
  };
  const now = pointer ? (measured && !props.alone ? Math.round(pointer.x) : xs[pointer.index]) : xs[xs.length - 1];
  const note = (n: number): string => {
    const s = series[n]!, found = value(n);
    if (!found || !pointer) return '';
    if (props.alone) return s.notes?.[s.x.indexOf(found.x)] ?? '';
    return measured && found.x !== now ? `at ${found.x}` : '';
  };
  return (
    <figure class="sheet chart" style={{ margin: 0 }} role="group" aria-label={`${title}, over ${props.xTitle ?? 'steps'}`}>
      <div class="chart-head">
        <h3 title={help ?? title}>{title}</h3>
        <span class="at num">{xs.length > 0 && !(props.alone && pointer === null) && props.alone ? `${short(now)} ${props.xTitle ?? ''}` : `step ${now ?? ''}`}</span>
        {!props.alone && <button class="plain" aria-pressed={log ? 'true' : 'false'} onClick={() => setOwnLog(!log)} title="Logarithmic axis">log</button>}
      </div>
      <div ref={box} />
      <div class="legend">
        {log && lost(series) && <span class="soft">what is not above 0 is left out on a logarithmic axis</span>}
        {series.map((s, n) => {
          const text = (
            <><i style={{ [dashed(s.color) ? 'border' : 'background']: dashed(s.color) ? `1.5px dashed ${paletteColor(s.color, isDark)}` : paletteColor(s.color, isDark) }} />
              {(series.length > 1 || s.label !== title) && <span class="soft">{s.label}</span>}<b>{format(value(n)?.value)}</b>{note(n) && <span class="soft">{note(n)}</span>}</>
          );
          return series.length === 1 ? <span key={s.label}>{text}</span> : (
            <button key={s.label} class="plain line" aria-pressed={hidden.has(s.label) ? 'false' : 'true'} title={hidden.has(s.label) ? 'Show this line' : 'Hide this line'}
              onClick={() => setHidden((h) => new Set(h.has(s.label) ? [...h].filter((l) => l !== s.label) : [...h, s.label]))}>{text}</button>
          );
        })}
      </div>
    </figure>
  );
}
