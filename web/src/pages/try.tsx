// A conversation with a checkpoint of the run: thinking shown, sampling chosen, several answers and their vote.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, isAbort, type Votes } from '../lib/api';
import { ask, models, votesOf, type ChatMessage, type Choice, type Sampling } from '../lib/chat';
import { useKeys } from '../lib/keys';
import { useRetry } from '../lib/load';
import { live, Store, useStore } from '../lib/store';
import { Bones, Notice } from '../parts/basics';
import { divided, Prose, visible } from '../parts/text';
import { VoteBars } from '../parts/votes';

interface Turn { question: string; choices: Choice[]; chosen: number; error: string | null; done: boolean }
const kSampling: Sampling = { temperature: 0.7, top_p: 1, max_tokens: 512, n: 1, seed: '' };

// What was said to each run, and how it was asked: kept, and answered further, while another page is looked at.
interface Talk { model: string; sampling: Sampling; turns: Turn[]; text: string; asking: AbortController | null }
const talks = new Map<string, Store<Talk>>();
function talkTo(run: string): Store<Talk> {
  const talk = talks.get(run) ?? new Store<Talk>({ model: '', sampling: kSampling, turns: [], text: '', asking: null });
  talks.set(run, talk);
  return talk;
}

// A path as a shell reads it.
const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replace(/'/g, "'\\''")}'`);

function Answer({ choice, index, several, chosen, choose, done }: {
  choice: Choice; index: number; several: boolean; chosen: boolean; choose: () => void; done: boolean;
}) {
  // A server that does not part the thought leaves it in the text.
  const parted = divided(choice.content);
  const thought = choice.thought || parted.thought;
  const rest = choice.thought ? choice.content : parted.before + parted.rest;
  return (
    <article class={`sheet rollout ${chosen && several ? 'yes' : ''}`}>
      {several && (
        <header><span class="soft">{index}</span><span class="grow" />
          <label class="field"><input type="radio" checked={chosen} onChange={choose} />go on with it</label></header>
      )}
      <div class="body text prose">
        {thought && <details class="think" open><summary>thinking</summary><div>{visible(thought.trim())}</div></details>}
        <Prose text={rest.trim()} />
        {!choice.content && !choice.thought && <span class="soft">{done ? '(empty)' : '…'}</span>}
        {choice.finish === 'length' && <p class="warn small">cut off at max_tokens</p>}
      </div>
    </article>
  );
}

// The answers as the run's verifier counts them.
function Counted({ run, choices }: { run: string; choices: Choice[] }) {
  const [votes, setVotes] = useState<Votes | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    votesOf(run, choices).then(setVotes, (e: unknown) => setError(e instanceof Error ? e.message : String(e)));
  }, [run]); // what is counted is finished
  if (error !== null) return <p class="soft small">The answers were not counted: {error}</p>;
  return votes && <VoteBars votes={votes} total={choices.length} />;
}

export function TryPage({ run }: { run: string }) {
  const [known, setKnown] = useState<string[] | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const folder = useStore(live).runs.get(run)?.folder ?? run;
  const store = talkTo(run);
  const { model, sampling, turns, text, asking } = useStore(store);
  const change = (to: Partial<Talk>) => store.set({ ...store.get(), ...to });
  const end = useRef<HTMLDivElement>(null);
  const load = () => {
    setRefused(null);
    models().then((all) => {
      const own = all.filter((m) => m.startsWith(`${run}/`));
      setKnown(own);
      if (!own.includes(store.get().model)) change({ model: own.find((o) => o.endsWith('/latest')) ?? own[own.length - 1] ?? '' });
    }).catch((e: unknown) => {
      setKnown([]);
      setRefused(e instanceof ApiError && (e.status === 404 || e.status === 503)
        ? 'Models can be asked where `hone ui` serves these pages, not beside a training.' : e instanceof Error ? e.message : String(e));
    });
  };
  useEffect(load, []);
  useRetry(refused !== null, load);
  useEffect(() => { end.current?.scrollIntoView({ block: 'nearest' }); }, [turns]);
  useKeys({ '/': ['write a question', () => document.getElementById('question')?.focus()] });

  const send = () => {
    const question = text.trim();
    if (!question || asking || !model) return;
    const messages: ChatMessage[] = turns.filter((t) => !t.error).flatMap((t): ChatMessage[] => [
      { role: 'user', content: t.question }, { role: 'assistant', content: t.choices[t.chosen]?.content ?? '' }]);
    messages.push({ role: 'user', content: question });
    const n = turns.length;
    const controller = new AbortController();
    const update = (to: Partial<Turn>) => {
      if (store.get().asking === controller) change({ turns: store.get().turns.map((t, i) => (i === n ? { ...t, ...to } : t)) });
    };
    change({ turns: [...turns, { question, choices: [], chosen: 0, error: null, done: false }], text: '', asking: controller });
    ask(model, messages, sampling, controller.signal, (choices) => update({ choices }))
      .then(() => update({ done: true }))
      .catch((e: unknown) => update({ done: true, error: isAbort(e) ? 'Stopped.' : e instanceof Error ? e.message : String(e) }))
      .finally(() => { if (store.get().asking === controller) change({ asking: null }); });
  };
  const number = (name: 'temperature' | 'top_p' | 'max_tokens' | 'n', title: string, min: number, max: number, step: number) => (
    <label>{title}<b class="num" style={{ color: 'var(--text)' }}>{sampling[name]}</b>
      <input type="range" min={min} max={max} step={step} value={sampling[name]} onInput={(e) => change({ sampling: { ...sampling, [name]: Number(e.currentTarget.value) } })} /></label>
  );
  if (known === null) return <div class="sheet"><Bones rows={6} /></div>;
  if (refused !== null || known.length === 0) {
    return (
      <Notice title="No model can be asked here" picture="cut"
        text={refused ?? `The server knows no checkpoint of ${run}. A run keeps its first one when its first stage ends.`}>
        <p>A checkpoint can also be asked in the terminal:</p><pre>hone chat {quoted(`${folder}/latest`)}</pre>
        <button onClick={load}>Look again</button>
      </Notice>
    );
  }
  return (
    <div class="chat">
      <section class="sheet" aria-label="Conversation">
        <div class="turns" aria-live="polite">
          {turns.length === 0 && <Notice slim title="Ask a checkpoint" text="Answers stream in as they are sampled. With several answers, their vote stands below." />}
          {turns.map((t, i) => (
            <>
              <div class="turn user">{visible(t.question)}</div>
              <div class="turn answer" style={{ display: 'grid', gap: '0.6rem' }}>
                <div class={t.choices.length > 1 ? 'rollouts' : ''}>
                  {(t.choices.length ? t.choices : t.error ? [] : [{ content: '', thought: '', finish: null }]).map((c, k) => (
                    <Answer choice={c} index={k} several={t.choices.length > 1} chosen={k === t.chosen} done={t.done}
                      choose={() => change({ turns: turns.map((u, j) => (j === i ? { ...u, chosen: k } : u)) })} />
                  ))}
                </div>
                {t.done && t.choices.length > 1 && <Counted run={run} choices={t.choices} />}
                {t.error && <p class="bad">{t.error}</p>}
              </div>
            </>
          ))}
          <div ref={end} />
        </div>
        <form class="ask" id="ask" onSubmit={(e) => { e.preventDefault(); send(); }}>
          <label class="hidden" for="question">Question</label>
          <textarea id="question" rows={2} placeholder="A question, Enter to send, Shift Enter for a line" value={text} onInput={(e) => change({ text: e.currentTarget.value })}
            onKeyDown={(e) => { if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); e.currentTarget.form?.requestSubmit(); } }} />
          {asking ? <button type="button" onClick={() => asking.abort()}>Stop</button> : <button class="primary" disabled={!text.trim()}>Send</button>}
        </form>
      </section>
      <section class="sheet controls" aria-label="Sampling">
        <label>Checkpoint<span /><select value={model} onChange={(e) => change({ model: e.currentTarget.value })}>
          {known.map((m) => <option value={m}>{m.slice(run.length + 1)}</option>)}</select></label>
        {number('n', 'Answers', 1, 16, 1)}
        {number('temperature', 'Temperature', 0, 2, 0.05)}
        {number('top_p', 'top_p', 0.05, 1, 0.05)}
        {number('max_tokens', 'Longest answer, tokens', 16, 4096, 16)}
        <label>Seed<span /><input type="number" form="ask" step={1} placeholder="another each time" value={sampling.seed} onInput={(e) => change({ sampling: { ...sampling, seed: e.currentTarget.value } })} /></label>
        <button onClick={() => { asking?.abort(); change({ turns: [], asking: null }); }} disabled={turns.length === 0}>New conversation</button>
      </section>
    </div>
  );
}
