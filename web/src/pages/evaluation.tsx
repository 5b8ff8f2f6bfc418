// Held-out accuracy: against tokens, by difficulty, and two checkpoints' answers to the same problem.
import { useEffect } from 'preact/hooks';
import type { Answers, Evaluation, Evaluations, Group, GroupRow, Outcome } from '../lib/api';
import { percent, plural, short } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad, useThrottled } from '../lib/load';
import { go, link, live, useStore } from '../lib/store';
import { Banner, Bones, Broken, Notice } from '../parts/basics';
import { Chart, type Series } from '../parts/chart';
import { RolloutCard } from '../parts/rollout';
import { Prose, visible } from '../parts/text';

const kKinds: Record<string, string> = { eval: 'eval', eval_direct: 'direct answers' };
const nameOf = (e: { stage: string; step: number }): string => `${kKinds[e.stage] ?? e.stage}, step ${e.step}`;

// A line for each strategy that was measured; the run's own evaluations, first and last, as points beside them.
function tradeoff(data: Evaluations): Series[] {
  const lines: Series[] = [];
  for (const file of data.strategies) {
    for (const strategy of new Set(file.points.map((p) => p.strategy))) {
      const points = file.points.filter((p) => p.strategy === strategy).sort((a, b) => a.tokens - b.tokens);
      lines.push({
        label: data.strategies.length > 1 ? `${file.name}: ${strategy}` : strategy, color: lines.length, points: true,
        notes: points.map((p) => (strategy === 'budget' ? `${p.k} tokens of thought` : `k = ${p.k}`)), x: points.map((p) => p.tokens), y: points.map((p) => p.accuracy), low: points.map((p) => p.low), high: points.map((p) => p.high),
      });
    }
  }
  for (const stage of Object.keys(kKinds)) {
    const of = data.recorded.filter((e) => e.stage === stage);
    for (const e of of.length > 1 ? [of[0]!, of[of.length - 1]!] : of) {
      lines.push({ label: nameOf(e), color: lines.length, points: true, x: [e.tokens], y: [e.accuracy], low: [e.low], high: [e.high] });
    }
  }
  return lines;
}

function Interval({ e }: { e: { accuracy: number; low: number; high: number } | undefined }) {
  if (!e) return <span class="soft">–</span>;
  return <span class="num" title="95 % interval (Wilson, over problems)"><b>{percent(e.accuracy)}</b> <span class="soft small">{percent(e.low, 0)}–{percent(e.high, 0)}</span></span>;
}

function ByDifficulty({ recorded }: { recorded: Evaluation[] }) {
  const columns = Object.keys(kKinds).flatMap((stage) => {
    const of = recorded.filter((e) => e.stage === stage);
    return of.length > 1 ? [of[0]!, of[of.length - 1]!] : of;
  });
  const grades = [...new Set(columns.flatMap((e) => e.by_difficulty.map((d) => d.difficulty)))].sort((a, b) => a - b);
  const row = (title: string, pick: (e: Evaluation) => { accuracy: number; low: number; high: number; tokens: number; problems: number } | undefined) => (
    <tr>
      <td>{title}</td>
      <td class="num soft">{pick(columns[0]!)?.problems ?? ''}</td>
      {columns.map((e) => { const t = pick(e); return <td><Interval e={t} /> <span class="soft small num">{t && `${short(t.tokens)} tok`}</span></td>; })}
    </tr>
  );
  return (
    <div class="sheet scroll-x">
      <table>
        <thead><tr><th scope="col">Difficulty</th><th scope="col">Problems</th>{columns.map((e) => <th scope="col">{nameOf(e)}</th>)}</tr></thead>
        <tbody>
          {grades.length > 1 && grades.map((g) => row(g === 0 ? 'none' : String(g), (e) => e.by_difficulty.find((d) => d.difficulty === g)))}
          {row(grades.length > 1 ? 'all' : grades[0] ? String(grades[0]) : 'all', (e) => e)}
        </tbody>
      </table>
    </div>
  );
}

function Side({ run, row, title }: { run: string; row: GroupRow; title: string }) {
  const { data, error, again } = useLoad<Group>('/api/group', { run, stage: row.stage, step: row.step, group: row.group });
  return (
    <div style={{ display: 'grid', gap: '0.6rem', alignContent: 'start', minWidth: 0 }}>
      <h3>{title} <a class="small" href={link(['run', run, 'groups'], { stage: row.stage, at: `${row.stage}:${row.step}:${row.group}` })}>group</a></h3>
      {error && <Broken slim error={error} again={again} />}
      {!data && !error && <Bones rows={4} />}
      {data?.rollouts.map((r, i) => <RolloutCard key={`${data.id} ${i}`} rollout={r} index={i} how="none" largest={0} unfold measured name={data.rollouts.length > 1 ? String(i) : ''} />)}
    </div>
  );
}

const kOutcomes: [Outcome, string, string][] = [['only_b', 'B alone solves', 'good'], ['only_a', 'A alone solves', 'bad'], ['both', 'both solve', ''], ['neither', 'neither solves', '']];

function Beside({ run, query, recorded }: { run: string; query: URLSearchParams; recorded: Evaluation[] }) {
  const runs = useStore(live).runs;
  const other = query.get('with') || run;
  const version = useThrottled(`${runs.get(run)?.written_at} ${runs.get(other)?.written_at}`, 2000);
  const theirs = useLoad<Evaluations>(other === run ? null : '/api/evaluations', { run: other }, version);
  const ofB = other === run ? recorded : theirs.data?.recorded ?? [];
  const read = (text: string | null, list: Evaluation[], otherwise: number) =>
    list.find((e) => `${e.stage}:${e.step}` === text) ?? list[otherwise < 0 ? list.length + otherwise : otherwise];
  const own = recorded.filter((e) => e.stage === recorded[0]!.stage);
  const a = read(query.get('a'), recorded, recorded.indexOf(other === run ? own[0]! : own[own.length - 1]!));
  const b = read(query.get('b'), ofB, ofB.indexOf(ofB.filter((e) => e.stage === (a?.stage ?? 'eval')).slice(-1)[0] ?? ofB[0]!));
  const outcome = query.get('outcome') ?? '';
  const offset = Number(query.get('offset') ?? 0) || 0;
  const answers = useLoad<Answers>(a && b ? '/api/answers' : null,
    { run, stage: a?.stage, step: a?.step, with: other, with_stage: b?.stage, with_step: b?.step, outcome, offset, limit: 50 }, version);
  const set = (changes: Record<string, string | number | null>) => go(link(['run', run, 'evaluation'], { ...Object.fromEntries(query), ...changes }), true);
  const rows = answers.data?.rows ?? [];
  const at = Math.min(rows.length - 1, Math.max(0, Number(query.get('at') ?? 0) || 0));
  const chosen = rows[at];
  const move = (by: number) => {
    const to = at + by;
    if (to >= 0 && to < rows.length) set({ at: to });
    else if (to >= rows.length && answers.data && offset + rows.length < answers.data.total) set({ offset: offset + 50, at: 0 });
    else if (to < 0 && offset > 0) set({ offset: Math.max(0, offset - 50), at: 49 });
  };
  useKeys({ j: ['next problem', () => move(1)], k: ['problem before', () => move(-1)] });
  // Of a chosen problem, not of the first one when the page opens.
  const asked = query.get('at') !== null;
  useEffect(() => { if (asked) document.getElementById(`answer-${at}`)?.scrollIntoView({ block: 'nearest' }); }, [at, asked]);
  const choose = (name: 'a' | 'b', list: Evaluation[], now: Evaluation | undefined) => (
    <label class="field">{name.toUpperCase()}
      <select value={now ? `${now.stage}:${now.step}` : ''} onChange={(e) => set({ [name]: e.currentTarget.value, offset: null, at: null })}>
        {list.map((e) => <option value={`${e.stage}:${e.step}`}>{nameOf(e)}, {percent(e.accuracy)}</option>)}
      </select>
    </label>
  );
  return (
    <>
      <div class="bar">
        <h2>Two checkpoints beside each other</h2><span class="grow" />
        {choose('a', recorded, a)}
        {choose('b', ofB, b)}
        <label class="field">of
          <select value={other} onChange={(e) => set({ with: e.currentTarget.value === run ? null : e.currentTarget.value, b: null, offset: null, at: null })}>
            {[...runs.values()].filter((r) => r.run === run || (r.stages ?? []).some((s) => s.name.startsWith('eval'))).map((r) => <option value={r.run}>{r.run === run ? 'this run' : r.run}</option>)}
          </select>
        </label>
      </div>
      {answers.error && <div class="sheet"><Broken slim error={answers.error} again={answers.again} /></div>}
      {theirs.error && <Banner bad text={theirs.error.message} />}
      {!answers.data && !answers.error && <div class="sheet"><Bones rows={3} /></div>}
      {answers.data && (
        <>
          <div class="counts" style={{ marginBottom: '0.8rem' }}>
            {kOutcomes.map(([o, title, tone]) => (
              <button aria-pressed={outcome === o ? 'true' : 'false'} onClick={() => set({ outcome: outcome === o ? null : o, offset: null, at: null })}>
                <b class={`num ${tone}`}>{answers.data!.counts[o]}</b>{title}
              </button>
            ))}
          </div>
          {answers.data.only_in_one > 0 && <p class="soft small" style={{ marginBottom: '0.6rem' }}>{plural(answers.data.only_in_one, 'problem')} of only one of the two left out.</p>}
          {rows.length === 0 ? <div class="sheet"><Notice slim title="No problem is like that" /></div> : (
            <div class={query.get('at') !== null ? 'split open' : 'split'}>
              <section class="sheet list" aria-label="Problems">
                <div class="items" role="listbox" aria-label="Problems" tabIndex={0}>
                  {rows.map((r, i) => (
                    <a class="item" id={`answer-${i}`} role="option" aria-selected={i === at ? 'true' : 'false'} tabIndex={-1}
                      href={link(['run', run, 'evaluation'], { ...Object.fromEntries(query), at: i })}>
                      <span class="q">{visible(r.a.question.replace(/\s+/g, ' '))}</span>
                      <span class="meta"><span>A <b class={r.outcome === 'both' || r.outcome === 'only_a' ? 'good' : 'bad'}>{r.outcome === 'both' || r.outcome === 'only_a' ? '✓' : '✗'}</b></span>
                        <span>B <b class={r.outcome === 'both' || r.outcome === 'only_b' ? 'good' : 'bad'}>{r.outcome === 'both' || r.outcome === 'only_b' ? '✓' : '✗'}</b></span>
                        <span class="num">{short(r.a.tokens / Math.max(1, r.a.rollouts))} → {short(r.b.tokens / Math.max(1, r.b.rollouts))} tok</span></span>
                    </a>
                  ))}
                </div>
                <div class="row pad small" style={{ borderTop: '1px solid var(--line)' }}>
                  <button disabled={offset === 0} onClick={() => set({ offset: Math.max(0, offset - 50), at: null })}>‹</button>
                  <span class="num soft">{offset + 1}–{offset + rows.length} of {answers.data.total}</span>
                  <button disabled={offset + rows.length >= answers.data.total} onClick={() => set({ offset: offset + 50, at: null })}>›</button>
                </div>
              </section>
              {chosen && a && b && (
                <section class="detail">
                  <div class="sheet pad" style={{ display: 'grid', gap: '0.5rem' }}>
                    <a class="button only-narrow" style={{ justifySelf: 'start' }} href={link(['run', run, 'evaluation'], { ...Object.fromEntries([...query].filter(([k]) => k !== 'at')) })}>← list</a>
                    <div class="facts"><span class="mono">{visible(chosen.a.source)}</span><span>answer <b class="mono">{chosen.a.answer ? <Prose text={chosen.a.answer} /> : '–'}</b></span></div>
                    <div class="prompt"><Prose text={chosen.a.question} /></div>
                  </div>
                  <div class="pair">
                    <Side run={run} row={chosen.a} title={`A: ${nameOf(a)}`} />
                    <Side run={other} row={chosen.b} title={`B: ${other === run ? '' : `${other}, `}${nameOf(b)}`} />
                  </div>
                </section>
              )}
            </div>
          )}
        </>
      )}
    </>
  );
}

export function EvaluationPage({ run, query }: { run: string; query: URLSearchParams }) {
  const info = useStore(live).runs.get(run);
  const version = useThrottled(info?.written_at ?? 0, 2000);
  const { data, error, again } = useLoad<Evaluations>('/api/evaluations', { run }, version);
  if (error && !data) return <Broken error={error} again={again} />;
  if (!data) return <div class="sheet"><Bones rows={8} /></div>;
  if (data.recorded.length === 0 && data.strategies.length === 0) {
    return <Notice title="Nothing was measured yet" text="Held-out problems are asked before and after training, and as often between as eval.every says. What this run's evaluations find shows up here." />;
  }
  const folder = info?.folder ?? `runs/${run}`;
  return (
    <>
      {data.unread.map((text) => <Banner text={text} />)}
      <section class="part">
        <h2>Accuracy against tokens</h2>
        <div style={{ display: 'grid', gap: '0.8rem' }}>
          <Chart title="Held-out accuracy" series={tradeoff(data)} smooth={0} log={false} share alone xTitle="tokens a problem" height={260} />
          {data.strategies.length === 0 && (
            <details class="sheet pad"><summary class="soft">Other strategies (votes, best of N, budgets) can be measured into this picture</summary>
              <pre class="recipe" style={{ padding: '0.6rem 0 0' }}>{`mkdir -p ${folder}/evaluations\nhone eval ${folder}/latest --problems … --strategy pass,maj,bon,budget --json > ${folder}/evaluations/final.json`}</pre>
            </details>
          )}
        </div>
      </section>
      {data.recorded.length > 0 && <section class="part"><h2>By difficulty</h2><ByDifficulty recorded={data.recorded} /></section>}
      {data.recorded.length > 0 && <section class="part"><Beside run={run} query={query} recorded={data.recorded} /></section>}
    </>
  );
}
