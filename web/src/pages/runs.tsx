// Every run: state, recipe, step, held-out accuracy; several can be picked and compared.
import { useEffect, useState } from 'preact/hooks';
import { get, type RunInfo } from '../lib/api';
import { ago, joined, percent, plural } from '../lib/format';
import { useKeys } from '../lib/keys';
import { go, link, live, Store, useStore } from '../lib/store';
import { Bones, Notice, Spark, State } from '../parts/basics';

const kStageNames: Record<string, string> = { sft: 'warm start', amortize: 'amortize', propose: 'propose', grpo: 'GRPO' };

// The stage that a run is in: the last that has recorded a step.
export function stageNow(info: RunInfo): { name: string; step: number; total: number } | null {
  const trained = (info.stages ?? []).filter((s) => s.trains);
  const stage = trained[trained.length - 1];
  if (!stage) return null;
  return { name: stage.name, step: stage.last, total: info.recipe?.totals[stage.name] ?? 0 };
}

function Progress({ info }: { info: RunInfo }) {
  const stage = stageNow(info);
  if (!stage) return <span class="soft">–</span>;
  return (
    <div>
      <span class="num">{kStageNames[stage.name] ?? stage.name} {stage.step}{stage.total > 0 && <span class="soft"> / {stage.total}</span>}</span>
      {stage.total > 0 && <div class="meter" aria-hidden="true"><i style={{ width: `${Math.min(100, (100 * stage.step) / stage.total)}%` }} /></div>}
    </div>
  );
}

function Accuracy({ info }: { info: RunInfo }) {
  const values = (info.held_out?.values ?? []).filter((v): v is number => v !== null);
  if (values.length === 0) return <span class="soft">–</span>;
  const first = values[0]!, last = values[values.length - 1]!;
  return (
    <span class="num">
      <b>{percent(last)}</b>
      {values.length > 1 && <span class="soft small"> from {percent(first)}</span>}
      {info.held_out?.stage === 'eval_direct' && <span class="soft small"> direct</span>}
    </span>
  );
}

// As hone::LossType numbers them.
const kLosses = ['GRPO', 'BNPO', 'Dr. GRPO', 'DAPO', 'GSPO', 'CISPO', 'SAPO', 'RLOO'];

const about = (info: RunInfo): string => {
  const r = info.recipe;
  if (!r) return '';
  const what = r.tasks.length ? r.tasks.join(', ') : r.files.map((f) => f.split('/').pop()).join(', ');
  const rewards = r.rewards.filter((p) => p.weight !== 0).map((p) => (p.weight === 1 ? p.verifier : `${p.weight} ${p.verifier}`)).join(' + ');
  return [r.model.replace(/\/+$/, '').split('/').pop(), what, rewards, kLosses[r.loss], `seed ${r.seed}`].filter(Boolean).join(' · ');
};

type Order = 'written' | 'name' | 'accuracy';
function ordered(runs: RunInfo[], order: Order): RunInfo[] {
  const accuracy = (r: RunInfo) => r.held_out?.values.reduce<number>((a, v) => v ?? a, -1) ?? -1;
  const by: Record<Order, (a: RunInfo, b: RunInfo) => number> = {
    written: (a, b) => (b.written_at ?? 0) - (a.written_at ?? 0),
    name: (a, b) => a.run.localeCompare(b.run, 'en', { numeric: true }),
    accuracy: (a, b) => accuracy(b) - accuracy(a),
  };
  return [...runs].sort((a, b) => by[order](a, b) || by.name(a, b));
}

function Empty() {
  const [folder, setFolder] = useState('');
  useEffect(() => { get<{ runs: string }>('/api/info').then((i) => setFolder(i.runs)).catch(() => {}); }, []);
  return (
    <Notice title="No runs yet" text={`${folder || 'This folder'} holds no run. The first shows up here as soon as it has begun:`}>
      <pre>hone train recipes/quickstart.yaml</pre>
    </Notice>
  );
}

const kPicked = new Store<ReadonlySet<string>>(new Set()); // still so on the way back

export function RunsPage() {
  const { runs, loaded } = useStore(live);
  const [order, setOrder] = useState<Order>('written');
  const [text, setText] = useState('');
  const picked = useStore(kPicked);
  const [now, setNow] = useState(''); // the run that keys act on
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10_000); // "3 min ago" goes on
    return () => clearInterval(timer);
  }, []);
  const all = ordered([...runs.values()], order);
  const shown = all.filter((r) => r.run.toLowerCase().includes(text.toLowerCase()));
  const chosen = all.filter((r) => r.stages && picked.has(r.run));
  const at = shown.findIndex((r) => r.run === now);
  const pick = (r: RunInfo | undefined) => {
    if (!r?.stages) return;
    const next = new Set(picked);
    if (!next.delete(r.run)) next.add(r.run);
    kPicked.set(next);
  };
  const compare = () => {
    const [first, ...others] = chosen;
    if (first && others.length > 0) go(link(['run', first.run], { with: joined(others.map((r) => r.run)) }));
  };
  const move = (by: number) => {
    const to = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
    if (to) document.getElementById(`run-${to.run}`)?.focus();
  };
  useKeys({
    j: ['next run', () => move(1)],
    k: ['run before', () => move(-1)],
    x: ['pick it for comparing', () => pick(shown[at])],
    Enter: ['open it', () => { const r = shown[at]; if (r) go(link(['run', r.run])); }],
    c: ['compare those picked', compare],
    '/': ['find by name', () => document.getElementById('find')?.focus()],
  });
  if (!loaded) return <div class="sheet"><Bones rows={8} /></div>;
  if (runs.size === 0) return <Empty />;
  return (
    <>
      <div class="bar">
        <h1>Runs</h1>
        <span class="soft">{plural(runs.size, 'run')}</span>
        <span class="grow" />
        {runs.size > 5 && <input id="find" type="search" placeholder="Find by name" aria-label="Find by name" value={text} onInput={(e) => setText(e.currentTarget.value)} />}
        <label class="field">Order
          <select value={order} onChange={(e) => setOrder(e.currentTarget.value as Order)}>
            <option value="written">newest</option><option value="name">name</option><option value="accuracy">accuracy</option>
          </select>
        </label>
        <button class="primary" disabled={chosen.length < 2} onClick={compare}>
          {chosen.length < 2 ? 'Compare' : `Compare ${chosen.length}`}
        </button>
      </div>
      {shown.length === 0 ? <div class="sheet"><Notice slim title={`No run's name holds “${text}”`} /></div> : (
        <div class="sheet scroll-x">
          <table class="stack">
            <thead><tr><td /><th scope="col">Run</th><th scope="col">State</th><th scope="col">Step</th><th scope="col">Held-out accuracy</th><td /><th scope="col">Written</th></tr></thead>
            <tbody>
              {shown.map((r, i) => (
                <tr class={i === at ? 'pick at' : 'pick'} key={r.run}>
                  <td class="c-pick"><input type="checkbox" checked={picked.has(r.run)} onChange={() => pick(r)} onFocus={() => setNow(r.run)} aria-label={`Compare ${r.run}`} disabled={!r.stages} /></td>
                  <td class="c-name">
                    <a id={`run-${r.run}`} href={link(['run', r.run])} onFocus={() => setNow(r.run)}><b>{r.run}</b></a>
                    <div class="soft small">{r.error ? <span class={r.state === 'broken' ? 'bad' : ''}>{r.error}</span> : about(r)}</div>
                  </td>
                  <td class="c-state"><State state={r.state} /></td>
                  <td class="c-step"><Progress info={r} /></td>
                  <td class="c-spark"><Spark values={r.held_out?.values ?? []} /></td>
                  <td class="c-accuracy"><Accuracy info={r} /></td>
                  <td class="c-when soft num">{ago(r.written_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
