// A run's curves, and those of runs that it is compared with.
import { useMemo, useState } from 'preact/hooks';
import { type RunDetail } from '../lib/api';
import { useCurves, type Curves } from '../lib/curves';
import { ago, duration, percent, plural } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { derived, kParts, label, namesOf, type Panel } from '../lib/panels';
import { go, link, live, setting, useStore } from '../lib/store';
import { Banner, Bones, Broken, Notice } from '../parts/basics';
import { Chart, zoom, type Series } from '../parts/chart';
import { RecipeSheet } from '../parts/recipe';
import { stageNow } from './runs';

const smoothing = setting('smoothing', '0', ['0', '0.5', '0.7', '0.8', '0.9', '0.95', '0.98'] as const);
const axis = setting('axis', 'linear', ['linear', 'log'] as const);
const kStageTitles: Record<string, string> = { sft: 'Warm start', amortize: 'Amortize', propose: 'Propose', grpo: 'GRPO' };

// Evaluations are numbered by the training steps since the warm start: where this stage begins among them.
function stageStart(stages: { name: string; last: number; trains: boolean }[], stage: string): number {
  let before = 0;
  for (const s of stages) {
    if (s.name === stage) return before;
    if (s.trains && s.name !== 'sft') before += s.last;
  }
  return before;
}

function heldOut(curves: Curves, from: number, steps: number, name: string | null, color: number): Series[] {
  const kinds: ['eval' | 'eval_direct', string][] = [['eval', 'thinking as it likes'], ['eval_direct', 'answering directly']];
  const of = curves.evaluations?.recorded ?? [];
  const both = kinds.every(([k]) => of.some((e) => e.stage === k));
  return kinds.flatMap(([kind, what], i): Series[] => {
    const points = of.filter((e) => e.stage === kind && e.step >= from && e.step <= from + steps);
    if (points.length === 0) return [];
    const named = name === null ? (both ? what : 'Held-out accuracy') : both ? `${name}, ${i ? 'direct' : 'thinking'}` : name;
    return [{
      label: named, color: name === null ? i : color + (i ? 4 : 0), points: true,
      x: points.map((p) => p.step - from), y: points.map((p) => p.accuracy), low: points.map((p) => p.low), high: points.map((p) => p.high),
    }];
  });
}

interface Drawn { key: string; title: string; series: Series[]; share: boolean; help?: string }

// One run: the metrics of a panel are the lines of its chart. Several: a chart for each metric, a line for each run.
function drawn(panel: Panel, runs: [string, Curves['table'], Record<string, (number | null)[]>][]): Drawn[] {
  const known = [...new Set(runs.flatMap(([, , m]) => Object.keys(m)))].sort();
  const names = namesOf(panel, known);
  if (names.length === 0) return [];
  const extra = { share: panel.share === true, ...(panel.help ? { help: panel.help } : {}) };
  const series = (name: string, text: string, color: number, run: typeof runs[number]): Series[] => {
    const y = run[2][name];
    return y?.some((v) => v !== null) ? [{ label: text, color, x: run[1].steps, y, ...(panel.fill && runs.length === 1 ? { fill: true } : {}) }] : [];
  };
  if (runs.length === 1) {
    const lines = names.flatMap((n, i) => series(n, names.length === 1 ? panel.title : label(n, panel), i, runs[0]!));
    return lines.length ? [{ key: panel.title, title: panel.title, series: lines, ...extra }] : [];
  }
  return names.map((n) => ({
    key: n, title: names.length === 1 ? panel.title : `${panel.title}: ${label(n, panel)}`,
    series: runs.flatMap((r, i) => series(n, r[0], i, r)), ...extra,
  })).filter((d) => d.series.length > 0);
}

function Head({ detail, steps }: { detail: RunDetail; steps: { name: string; step: number; total: number } | null }) {
  const values = (detail.held_out?.values ?? []).filter((v): v is number => v !== null);
  const started = detail.started_at ?? 0, written = detail.written_at ?? 0;
  return (
    <div class="facts">
      {steps && <span>step <b class="num">{steps.step}{steps.total ? ` of ${steps.total}` : ''}</b></span>}
      {values.length > 0 && <span>held-out accuracy <b class="num">{percent(values[0])}{values.length > 1 && ` → ${percent(values[values.length - 1])}`}</b></span>}
      {written > started && <span>recorded over <b>{duration(written - started)}</b></span>}
      <span>written <b>{ago(written)}</b></span>
      <span class="mono" title="Its folder">{detail.folder}</span>
    </div>
  );
}

export function RunPage({ run, query }: { run: string; query: URLSearchParams }) {
  const { runs, loaded } = useStore(live);
  const info = runs.get(run);
  const others = (query.get('with') ?? '').split(',').filter((n) => n && n !== run);
  const names = [run, ...others];
  const now = info ? stageNow(info) : null;
  const trained = (info?.stages ?? []).filter((s) => s.trains);
  const wanted = query.get('stage');
  const stage = trained.find((s) => s.name === wanted)?.name ?? now?.name ?? 'grpo';
  const detail = useLoad<RunDetail>('/api/run', { run }, info?.state);
  const curves = useCurves(names.filter((n) => runs.get(n)?.stages), stage, runs);
  const smooth = Number(useStore(smoothing)), log = useStore(axis) === 'log';
  const range = useStore(zoom);
  const [find, setFind] = useState('');
  const [all, showAll] = useState(false);
  const levels = ['0', '0.5', '0.7', '0.8', '0.9', '0.95', '0.98'] as const;
  const smoother = (by: number) => {
    const i = levels.indexOf(smoothing.get()) + by;
    smoothing.set(levels[Math.max(0, Math.min(levels.length - 1, i))]!);
  };
  useKeys({
    s: ['smoother', () => smoother(1)], S: ['less smooth', () => smoother(-1)],
    l: ['logarithmic axes', () => axis.set(log ? 'linear' : 'log')],
    z: ['whole range again', () => zoom.set(null)],
  });
  const tables = useMemo(() => names.flatMap((n): [string, Curves['table'], Record<string, (number | null)[]>][] => {
    const c = curves.runs.get(n);
    return c ? [[n, c.table, derived(c.table)]] : [];
  }), [curves.runs, names.join('\n')]);

  if (!loaded || (!detail.data && detail.loading)) return <div class="charts">{Array.from({ length: 6 }, () => <div class="sheet"><Bones rows={1} tall /></div>)}</div>;
  if (!info || (!detail.data && detail.error)) {
    return detail.error ? <Broken error={detail.error} again={detail.again} /> : (
      <Notice title="This run is not there" text={`${run} is none of the runs that hone ui was given.`}><a class="button" href="#/">All runs</a></Notice>
    );
  }
  if (info.error) return <Notice title={info.state === 'broken' ? 'Its database does not read' : 'Nothing is recorded yet'} picture={info.state === 'broken' ? 'broken' : 'empty'} text={info.error} />;
  const stages = info.stages ?? [];
  if (trained.length === 0 && stages.length === 0) {
    return <Notice title="No step yet" text="The first step shows up here as soon as it is recorded." />;
  }
  const first = curves.runs.get(run);
  const bins = Math.max(1, ...tables.map(([, t]) => t.bin));
  const used = new Set<string>();
  const parts = kParts.map((part) => ({
    title: part.title,
    charts: part.panels.flatMap((panel) => {
      for (const [, , m] of tables) namesOf(panel, Object.keys(m)).forEach((n) => used.add(n));
      return drawn(panel, tables);
    }),
  }));
  const accuracy: Series[] = names.flatMap((n, i) => {
    const c = curves.runs.get(n), s = runs.get(n)?.stages ?? [];
    const of = s.find((x) => x.name === stage);
    return c && of ? heldOut(c, stageStart(s, stage), of.last, names.length === 1 ? null : n, i) : [];
  });
  if (accuracy.length > 0) {
    parts[0]!.charts.splice(1, 0, { key: 'held-out', title: 'Held-out accuracy', series: accuracy, share: true, help: 'With its 95 % interval (Wilson, over problems)' });
  }
  const rest = [...new Set(tables.flatMap(([, , m]) => Object.keys(m)))].filter((n) => !used.has(n) && n.toLowerCase().includes(find.toLowerCase())).sort();
  const draw = (d: Drawn) => <Chart key={`${stage} ${d.key}`} title={d.title} series={d.series} smooth={smooth} log={log} share={d.share} {...(d.help ? { help: d.help } : {})} />;
  const to = (q: Record<string, string | null>) => link(['run', run], { with: query.get('with'), stage: query.get('stage'), ...q });
  return (
    <>
      <div class="bar">
        {trained.length > 1 ? (
          <label class="field">Stage
            <select value={stage} onChange={(e) => { zoom.set(null); go(to({ stage: e.currentTarget.value })); }}>
              {trained.map((s) => <option value={s.name}>{kStageTitles[s.name] ?? s.name}</option>)}
            </select>
          </label>
        ) : <h1>{kStageTitles[stage] ?? stage}</h1>}
        <span class="grow" />
        <label class="field">Smoothing
          <input type="range" min={0} max={levels.length - 1} value={levels.indexOf(smoothing.get())} aria-valuetext={smooth === 0 ? 'none' : String(smooth)}
            onInput={(e) => smoothing.set(levels[Number(e.currentTarget.value)]!)} />
          <span class="num">{smooth === 0 ? 'none' : smooth}</span>
        </label>
        <label class="field"><input type="checkbox" checked={log} onChange={() => axis.set(log ? 'linear' : 'log')} />log axes</label>
        <button disabled={!range} onClick={() => zoom.set(null)} title="Drag over a chart to zoom in">{range ? `steps ${Math.ceil(range[0])}–${Math.floor(range[1])} ✕` : 'whole range'}</button>
        <label class="field">Compare with
          <select value="" onChange={(e) => go(to({ with: [...others, e.currentTarget.value].join(',') }))}>
            <option value="">…</option>
            {[...runs.values()].filter((r) => r.stages && !names.includes(r.run)).map((r) => <option value={r.run}>{r.run}</option>)}
          </select>
        </label>
      </div>
      {others.length > 0 && (
        <div class="bar">
          {others.map((n) => <span class="tag">{n}<button class="plain" style={{ minHeight: '1.4rem', padding: '0 0.2rem' }} aria-label={`Without ${n}`}
            onClick={() => go(to({ with: others.filter((o) => o !== n).join(',') || null }))}>✕</button></span>)}
        </div>
      )}
      {detail.data && <div style={{ marginBottom: '0.8rem' }}><Head detail={{ ...detail.data, ...info }} steps={now} /></div>}
      {[...curves.errors].map(([n, e]) => <Banner bad text={`${n}: ${e.message}`} />)}
      {bins > 1 && <p class="soft small" style={{ marginBottom: '0.6rem' }}>A point is the mean of {plural(bins, 'step')}.</p>}
      {!first && curves.loading ? <div class="charts">{Array.from({ length: 6 }, () => <div class="sheet"><Bones rows={1} tall /></div>)}</div> : (
        <>
          {parts.filter((p) => p.charts.length > 0).map((p) => (
            <section class="part" key={p.title}><h2>{p.title}</h2><div class="charts">{p.charts.map(draw)}</div></section>
          ))}
          <section class="part">
            <div class="bar"><h2>Everything else</h2>
              <button onClick={() => showAll(!all)} aria-expanded={all}>{all ? 'Hide' : `Show ${plural(rest.length, 'metric')}`}</button>
              {all && <input type="search" placeholder="Find a metric" aria-label="Find a metric" value={find} onInput={(e) => setFind(e.currentTarget.value)} />}
            </div>
            {all && <div class="charts">{rest.slice(0, 60).flatMap((n) => drawn({ title: n, names: [n] }, tables)).map(draw)}</div>}
          </section>
        </>
      )}
      <section class="part"><RecipeSheet run={run} others={others} text={detail.data?.recipe_text ?? null} /></section>
    </>
  );
}

