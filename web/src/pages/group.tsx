// One group: the prompt, the votes, the completions beside each other.
import { useRef, useState } from 'preact/hooks';
import type { Group, GroupRow } from '../lib/api';
import { percent, plural, short } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { go, setting, useStore } from '../lib/store';
import { Banner, Bones, Broken } from '../parts/basics';
import { RolloutCard } from '../parts/rollout';
import { Prose, visible } from '../parts/text';
import { kColourings, kSays, Scale, type Colouring } from '../parts/tokens';
import { VoteBars } from '../parts/votes';

const colouring = setting<Colouring>('colouring', 'none', kColourings);
const thinking = setting('thinking', 'folded', ['folded', 'open'] as const);

// How often the problem was solved, each time that it was asked.
function Course({ run, group, back }: { run: string; group: Group; back: string }) {
  const { data } = useLoad<{ rows: GroupRow[] }>('/api/problem', { run, problem: group.problem });
  if (!data || data.rows.length < 2) return null;
  return (
    <div class="row small"><span class="soft">This problem, {plural(data.rows.length, 'time')}:</span>
      {data.rows.slice(-24).map((r) => {
        const here = r.id === group.id;
        return (
          <a class="tag" aria-current={here ? 'true' : undefined} style={here ? { outline: '1px solid var(--accent)' } : {}}
            href={withAt(back, r.stage, r.step, r.group)} title={`${r.stage} step ${r.step}`}>
            {r.stage} {r.step} · {r.correct}/{r.rollouts}
          </a>
        );
      })}
    </div>
  );
}

// Fields of the problem's row that its verifiers read: countdown's numbers, tests of a program.
function Fields({ text }: { text: string }) {
  if (!text || text === '{}') return null;
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 1); } catch { /* as it is */ }
  return <details><summary class="soft small">fields of the problem</summary><pre class="recipe">{visible(shown)}</pre></details>;
}

// Why a colouring that was asked for shows nothing.
function Colourless({ group, how }: { group: Group; how: Colouring }) {
  if (how !== 'entropy' && how !== 'clipping') return null;
  if (group.rollouts.length === 0) return null;
  const counts = group.rollouts.map((r) => r.clipped).filter((n): n is number => n !== null);
  if (counts.length === 0) return <p class="soft small">This run was written by an earlier hone, which did not record entropy and clipping of each token.</p>;
  if (how === 'entropy' || counts.some((n) => n > 0)) return null;
  return <p class="soft small">No token of this group was clipped{group.stage.startsWith('eval') ? ': nothing is learned from an evaluation' : ''}.</p>;
}

export function GroupView({ run, at, back }: { run: string; at: [string, number, number]; back: string }) {
  const how = useStore(colouring), unfold = useStore(thinking) === 'open';
  const [stage, step, position] = at;
  const { data: there, error, again } = useLoad<Group>('/api/group', { run, stage, step, group: position, tokens: how === 'none' ? null : '1' });
  // The group before stays, dimmed, until this one is there: what has the focus keeps it.
  const before = useRef<Group | null>(null);
  if (there) before.current = there;
  const data = there ?? before.current;
  const [raw, setRaw] = useState(false);
  const next = () => colouring.set(kColourings[(kColourings.indexOf(how) + 1) % kColourings.length]!);
  const to = (g: number) => { if (data && g >= 0 && g < data.groups) go(withAt(back, stage, step, g)); };
  useKeys({
    t: ['thinking folded or open', () => thinking.set(unfold ? 'folded' : 'open')],
    c: ['another colouring of tokens', next],
    p: ['the prompt as rendered', () => setRaw((r) => !r)],
    '[': ['group before in its step', () => to(position - 1)],
    ']': ['next group in its step', () => to(position + 1)],
  });
  if (error && !there) return <div class="sheet"><Broken error={error} again={again} /></div>;
  if (!data) return <div class="sheet"><Bones rows={10} /></div>;
  const largest = Math.max(0, ...data.rollouts.map((r) => Math.abs(r.advantage ?? 0)));
  const right = data.rollouts.filter((r) => r.correct).length;
  const rewards = data.rollouts.map((r) => r.reward).filter((r): r is number => r !== null);
  const dead = rewards.length > 1 && rewards.every((r) => r === rewards[0]) && !data.stage.startsWith('eval');
  const first = position === 0, last = position + 1 >= data.groups;
  return (
    <div class={there ? 'group' : 'group stale'} aria-busy={!there}>
      <section class="sheet pad about">
        <div class="row">
          <a class="button only-narrow" href={back}>← list</a>
          <h2>{data.stage} step {data.step}, group {data.group}</h2>
          <span class="grow" />
          <span class="nowrap">
          <button onClick={() => to(position - 1)} aria-disabled={first} aria-label="group before">‹</button>
          <span class="soft num"> {data.group + 1} of {data.groups} </span>
          <button onClick={() => to(position + 1)} aria-disabled={last} aria-label="next group">›</button>
          </span>
        </div>
        <div class="facts">
          <span class="mono">{visible(data.source)}</span>
          {data.difficulty > 0 && <span>difficulty <b>{data.difficulty}</b></span>}
          <span>answer <b class="mono">{data.answer ? <Prose text={data.answer} /> : '–'}</b></span>
          <span>right <b>{right} of {data.rollouts.length}</b> ({percent(right / Math.max(1, data.rollouts.length), 0)})</span>
          {rewards.length > 0 && <span>mean reward <b>{short(rewards.reduce((a, b) => a + b, 0) / rewards.length)}</b></span>}
          <span>prompt <b>{plural(data.prompt_tokens, 'token')}</b> <button class="plain small" style={{ minHeight: '1.3rem' }} onClick={() => setRaw(!raw)} aria-pressed={raw}>{raw ? 'as asked' : 'as rendered'}</button></span>
          {dead && <span class="tag warn" title="All rewards are equal: the group teaches nothing">dead group</span>}
        </div>
        <div class="prompt">
          {raw || data.messages.length === 0 ? <span class="mono">{visible(data.prompt)}</span>
            : data.messages.map((m) => <div>{data.messages.length > 1 && <span class="soft small">{visible(m.role)} </span>}<Prose text={m.content} /></div>)}
        </div>
        <Fields text={data.fields} />
        <VoteBars votes={data.votes} total={data.rollouts.length} />
        <Course run={run} group={data} back={back} />
      </section>
      <div class="bar" style={{ marginBottom: 0 }}>
        <h2>{plural(data.rollouts.length, 'completion')}</h2>
        <span class="grow" />
        <Scale how={how} />
        <label class="field">Colour tokens by
          <select value={how} onChange={(e) => colouring.set(e.currentTarget.value as Colouring)}>
            {kColourings.map((name) => <option value={name}>{kSays[name].label}</option>)}
          </select>
        </label>
        <button onClick={() => thinking.set(unfold ? 'folded' : 'open')} aria-pressed={unfold}>{unfold ? 'Fold thinking' : 'Open thinking'}</button>
      </div>
      <Colourless group={data} how={how} />
      {data.tokens_missing && <Banner text={`Tokens can't be shown: ${data.tokens_missing}`} />}
      <div class="rollouts">
        {data.rollouts.map((r, i) => <RolloutCard key={`${data.id} ${i}`} rollout={r} index={i} how={how} largest={largest} unfold={unfold} measured={data.stage.startsWith('eval')} />)}
      </div>
      {data.rollouts.length === 0 && <p class="soft">The step recorded no completion of this problem.</p>}
    </div>
  );
}

// The list's address with another group open.
export function withAt(back: string, stage: string, step: number, group: number): string {
  const [path = '', query = ''] = back.split('?', 2);
  const params = new URLSearchParams(query);
  params.set('at', `${stage}:${step}:${group}`);
  return `${path}?${params.toString()}`;
}
