// A run's curves, and those of runs that it is compared with.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type RunDetail } from '../lib/api';
import { useCurves, type Curves } from '../lib/curves';
import { ago, duration, joined, parted, percent, plural } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { derived, kParts, label, namesOf, type Panel } from '../lib/panels';
import { go, link, live, setting, useStore } from '../lib/store';
import { Banner, Bones, Broken, Notice } from '../parts/basics';
import { Chart, type Series } from '../parts/chart';
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

// Of the warm start that is the first one alone, which is made at its end.
function heldOut(curves: Curves, stage: string, from: number, steps: number, name: string | null, color: number): Series[] {
  const kinds: ['eval' | 'eval_direct', string][] = [['eval', 'thinking as it likes'], ['eval_direct', 'answering directly']];
  const of = curves.evaluations?.recorded ?? [];
  const both = kinds.every(([k]) => of.some((e) => e.stage === k));
  return kinds.flatMap(([kind, what], i): Series[] => {
    const start = stage === 'sft';
    const points = of.filter((e) => e.stage === kind && (start ? e.step === 0 : e.step >= from && e.step <= from + steps));
    if (points.length === 0) return [];
    const named = name === null ? (both ? what : 'Held-out accuracy') : both ? `${name}, ${i ? 'direct' : 'thinking'}` : name;
    return [{
      label: named, color: name === null ? i : color + (i ? 4 : 0), points: true,
      x: points.map((p) => (start ? steps : p.step - from)), y: points.map((p) => p.accuracy), low: points.map((p) => p.low), high: points.map((p) => p.high),
    }];
  });
}

type Run = { name: string; color: number; table: Curves['table']; metrics: Record<string, (number | null)[]> };
interface Drawn { key: string; title: string; series: Series[]; share: boolean; help?: string }

// One run: the metrics of a panel are the lines of its chart. Several: a chart for each metric, a line for each run.
function drawn(panel: Panel, runs: Run[]): Drawn[] {
  const known = [...new Set(runs.flatMap((r) => Object.keys(r.metrics)))].sort();
  const names = namesOf(panel, known);
  if (names.length === 0) return [];
  const extra = { share: panel.share === true, ...(panel.help ? { help: panel.help } : {}) };
  const series = (name: string, text: string, color: number, run: Run): Series[] => {
    const y = run.metrics[name];
    return y?.some((v) => v !== null) ? [{ label: text, color, x: run.table.steps, y, ...(panel.fill && runs.length === 1 ? { fill: true } : {}) }] : [];
  };
  if (runs.length === 1) {
    const lines = names.flatMap((n, i) => series(n, names.length === 1 ? panel.title : label(n, panel), i, runs[0]!));
    return lines.length ? [{ key: panel.title, title: panel.title, series: lines, ...extra }] : [];
  }
  return names.map((n) => ({
    key: n, title: names.length === 1 ? panel.title : `${panel.title}: ${label(n, panel)}`,
    series: runs.flatMap((r) => series(n, r.name, r.color, r)), ...extra,
  })).filter((d) => d.series.length > 0);
}

function Head({ detail, steps }: { detail: RunDetail; steps: { name: string; step: number; total: number } | null }) {
  const values = (detail.held_out?.values ?? []).filter((v): v is number => v !== null);
  const started = detail.started_at ?? 0, written = detail.written_at ?? 0;
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10_000); // "3 min ago" goes on
    return () => clearInterval(timer);
  }, []);
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

// A list to type in: with the arrow keys a select would take each run that it passes.
function Compare({ known, add }: { known: string[]; add: (run: string) => void }) {
  const take = (input: HTMLInputElement) => {
    if (!known.includes(input.value)) return;
    add(input.value);
    input.value = '';
  };
  return (
    <label class="field">Compare with
      <input type="search" list="others" placeholder="a run" size={14} disabled={known.length === 0}
        onChange={(e) => take(e.currentTarget)} onInput={(e) => { if (!(e instanceof InputEvent) || e.inputType === 'insertReplacementText') take(e.currentTarget); }} />
      <datalist id="others">{known.map((r) => <option value={r} />)}</datalist>
    </label>
  );
}

export function RunPage({ run, query }: { run: string; query: URLSearchParams }) {
  const { runs, loaded } = useStore(live);
  const info = runs.get(run);
  const others = parted(query.get('with')).filter((n) => n !== run);
  const names = [run, ...others];
  const now = info ? stageNow(info) : null;
  const trained = (info?.stages ?? []).filter((s) => s.trains);
  const wanted = query.get('stage');
  const stage = trained.find((s) => s.name === wanted)?.name ?? now?.name ?? 'grpo';
  const detail = useLoad<RunDetail>('/api/run', { run }, info?.state);
  const curves = useCurves(names.filter((n) => runs.get(n)?.stages), stage, runs);
  const smooth = Number(useStore(smoothing)), log = useStore(axis) === 'log';
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
    z: ['whole range again', () => zoom(null)],
  });
  const tables = useMemo(() => names.flatMap((name, color): Run[] => {
    const c = curves.runs.get(name);
    return c ? [{ name, color, table: c.table, metrics: derived(c.table) }] : [];
  }), [curves.runs, names.join('\n')]);
  const to = (q: Record<string, string | null>) => link(['run', run], { with: query.get('with'), stage: query.get('stage'), ...q });
  // In the address, so that it can be shared; it is of one stage.
  const zoomed = /^(\d+)-(\d+)$/.exec(query.get('steps') ?? '')?.slice(1).map(Number) as [number, number] | undefined;
  const zoom = (range: [number, number] | null) => {
    const steps = range && [Math.max(0, Math.ceil(range[0])), Math.floor(range[1])] as const;
    if (!steps || steps[1] > steps[0]) go(to({ stage, steps: steps ? steps.join('-') : null }));
  };

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
  const bins = Math.max(1, ...tables.map((t) => t.table.bin));
  const used = new Set<string>();
  const parts = kParts.map((part) => ({
    title: part.title,
    charts: part.panels.flatMap((panel) => {
      const charts = drawn(panel, tables);
      // Compared runs have a chart for each metric: those that are zero everywhere stand with everything else.
      const shown = tables.length > 1 ? charts.filter((d) => d.series.some((s) => s.y.some((v) => v !== null && v !== 0))) : charts;
      if (tables.length > 1) shown.forEach((d) => used.add(d.key));
      else for (const t of tables) namesOf(panel, Object.keys(t.metrics)).forEach((n) => used.add(n));
      return shown;
    }),
  }));
  const accuracy: Series[] = names.flatMap((n, i) => {
    const c = curves.runs.get(n), s = runs.get(n)?.stages ?? [];
    const of = s.find((x) => x.name === stage);
    return c && of ? heldOut(c, stage, stageStart(s, stage), of.last, names.length === 1 ? null : n, i) : [];
  });
  if (accuracy.length > 0) {
    parts[0]!.charts.splice(1, 0, { key: 'held-out', title: 'Held-out accuracy', series: accuracy, share: true, help: 'With its 95 % interval (Wilson, over problems)' });
  }
  const rest = [...new Set(tables.flatMap((t) => Object.keys(t.metrics)))].filter((n) => !used.has(n) && n.toLowerCase().includes(find.toLowerCase())).sort();
  const ends = [...tables.flatMap((t) => t.table.steps.length ? [t.table.steps[0]!, t.table.steps[t.table.steps.length - 1]!] : []), ...accuracy.flatMap((s) => s.x)];
  const range = zoomed ?? (ends.length > 0 ? [Math.min(...ends), Math.max(...ends)] as [number, number] : undefined);
  const draw = (d: Drawn) => (
    <Chart key={`${stage} ${d.key}`} title={d.title} series={d.series} smooth={smooth} log={log} share={d.share} onZoom={zoom}
      {...(range ? { range } : {})} {...(d.help ? { help: d.help } : {})} />
  );
  const of = trained.find((s) => s.name === stage);
  return (
    <>
      <div class="bar">
        {trained.length > 1 ? (
          <label class="field">Stage
            <select value={stage} onChange={(e) => go(to({ stage: e.currentTarget.value }))}>
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
        <button disabled={!zoomed} onClick={() => zoom(null)} title="Drag over a chart to zoom in">{zoomed ? `steps ${zoomed[0]}–${zoomed[1]} ✕` : 'whole range'}</button>
        <Compare known={[...runs.values()].filter((r) => r.stages && !names.includes(r.run)).map((r) => r.run)} add={(n) => go(to({ with: joined([...others, n]) }))} />
      </div>
      {others.length > 0 && (
        <div class="bar">
          {others.map((n) => <span class="tag">{n}{!runs.get(n)?.stages && <span class="bad">{runs.has(n) ? 'has no step' : 'is not there'}</span>}<button class="plain" style={{ minHeight: '1.4rem', padding: '0 0.2rem' }} aria-label={`Without ${n}`}
            onClick={() => go(to({ with: joined(others.filter((o) => o !== n)) || null }))}>✕</button></span>)}
        </div>
      )}
      {detail.data && <div style={{ marginBottom: '0.8rem' }}><Head detail={{ ...detail.data, ...info }} steps={of ? { name: stage, step: of.last, total: info.recipe?.totals[stage] ?? 0 } : null} /></div>}
      {[...curves.errors].map(([n, e]) => <Banner bad text={`${n}: ${e.message}`} />)}
      {curves.errors.size > 0 && <p style={{ marginBottom: '0.6rem' }}><button onClick={curves.again}>Try again</button></p>}
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

