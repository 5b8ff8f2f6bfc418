// The groups of a run: a list that is filtered and ordered on the server, a page at a time, and one of them beside it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, isAbort, queryText, type GroupRow, type Query, type RunDetail } from '../lib/api';
import { percent, plural, short } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad, useRetry, useThrottled } from '../lib/load';
import { go, link, live, useStore } from '../lib/store';
import { Bones, Broken, Notice } from '../parts/basics';
import { visible } from '../parts/text';
import { GroupView, withAt } from './group';

const kOrders = [
  ['', 'Newest'], ['improved', 'Most improved'], ['failing', 'Still failing'], ['worsened', 'Worsened'],
  ['disagree', 'Reward disagrees'], ['right_low', 'Right, low reward'], ['wrong_high', 'Wrong, high reward'],
] as const;
const kStatuses = ['correct', 'wrong', 'unparsable', 'timeout', 'error'];
const kFinishes = [['eos', 'ended'], ['stop', 'stop string'], ['length', 'truncated']] as const;
const kStages = ['amortize', 'propose', 'grpo', 'eval', 'eval_direct'];
const kPage = 50, kMost = 500; // rows of one answer

const kAt = /^([a-z_]+):(\d{1,9}):(\d{1,9})$/;

// What an address may say; what else it says is dropped from it.
const kKnown: Record<string, (value: string) => boolean> = {
  order: (v) => kOrders.some(([name]) => name === v),
  stage: (v) => v === 'all' || kStages.includes(v),
  step: (v) => /^\d{1,15}$/.test(v),
  status: (v) => kStatuses.includes(v),
  finish: (v) => kFinishes.some(([name]) => name === v),
  at: (v) => kStages.includes(kAt.exec(v)?.[1] ?? ''),
};

interface Listing { rows: GroupRow[]; next: number | null; total: number | null; searching: boolean; error: ApiError | null; key: string; searched: number | null }
interface GroupsAnswer { rows: GroupRow[]; before: number | null }
interface ProblemsAnswer { rows: GroupRow[]; total: number }

// Pages of the list, more of them on demand. A search that the server broke off for its length is gone on with.
function useListing(path: string | null, query: Query, ofProblems: boolean, version: unknown): Listing & { more: () => void; again: () => void } {
  const key = `${path}?${queryText(query)}`;
  const empty: Listing = { rows: [], next: null, total: null, searching: true, error: null, key, searched: null };
  const [state, setState] = useState<Listing>(empty);
  const controller = useRef<AbortController | null>(null);
  const loaded = useRef(version); // the version that the list is of

  const load = async (from: number | null, had: GroupRow[]) => {
    if (path === null) return;
    controller.current?.abort();
    const mine = new AbortController();
    controller.current = mine;
    let rows = had, next = from, total: number | null = null;
    try {
      do {
        if (ofProblems) {
          const page = await get<ProblemsAnswer>(path, { ...query, offset: rows.length, limit: kPage }, mine.signal);
          rows = [...rows, ...page.rows];
          total = page.total;
          next = rows.length < page.total && page.rows.length > 0 ? rows.length : null;
        } else {
          const page = await get<GroupsAnswer>(path, { ...query, before: next, limit: kPage }, mine.signal);
          rows = [...rows, ...page.rows];
          next = page.before;
        }
        const wanted = rows.length < had.length + kPage && next !== null;
        setState({ rows, next, total, searching: wanted, error: null, key, searched: next });
        if (!wanted) return;
      } while (!mine.signal.aborted);
    } catch (e) {
      if (isAbort(e)) return;
      setState({ rows, next: null, total, searching: false, error: e instanceof ApiError ? e : new ApiError(0, String(e)), key, searched: null });
    }
  };
  const again = () => {
    setState(empty);
    loaded.current = version;
    void load(null, []);
  };
  useEffect(() => {
    again();
    return () => controller.current?.abort();
  }, [key]);
  useRetry(state.error !== null, again);
  // What was written since goes on top; what is open stays where it is. Problems are ordered anew.
  useEffect(() => {
    if (path === null || state.key !== key || state.searching || state.error || loaded.current === version) return;
    const mine = new AbortController();
    if (ofProblems) {
      const limit = Math.min(kMost, Math.max(kPage, state.rows.length));
      get<ProblemsAnswer>(path, { ...query, limit }, mine.signal).then(({ rows, total }) => {
        loaded.current = version;
        setState((s) => (s.key === key ? { ...s, rows, total, next: rows.length < total ? rows.length : null } : s));
      }).catch(() => {});
      return () => mine.abort();
    }
    get<GroupsAnswer>(path, { ...query, limit: kPage }, mine.signal).then((page) => {
      loaded.current = version;
      setState((s) => {
        if (s.key !== key) return s;
        const newest = s.rows[0]?.id ?? 0;
        const fresh = page.rows.filter((r) => r.id > newest);
        if (fresh.length === 0) return s;
        return fresh.length < page.rows.length ? { ...s, rows: [...fresh, ...s.rows] } : { ...s, rows: page.rows, next: page.before };
      });
    }).catch(() => {});
    return () => mine.abort();
  }, [version, state.searching]);
  const current = state.key === key ? state : empty;
  return { ...current, again, more: () => { if (current.next !== null && !current.searching) { setState({ ...current, searching: true }); void load(current.next, current.rows); } } };
}

function Outcome({ row }: { row: GroupRow }) {
  if (row.course) {
    return <span class="num">{percent(row.course.first, 0)} → <b>{percent(row.course.last, 0)}</b> <span class="soft">in {row.course.times}</span></span>;
  }
  return row.rollouts <= 16 ? (
    <span class="dots" role="img" aria-label={`${row.correct} of ${row.rollouts} right`}>{Array.from({ length: row.rollouts }, (_, i) => <i class={i < row.correct ? 'yes' : ''} />)}</span>
  ) : <span class="share" role="img" aria-label={`${row.correct} of ${row.rollouts} right`}><i style={{ width: `${(100 * row.correct) / row.rollouts}%` }} /></span>;
}

function Item({ row, href, open }: { row: GroupRow; href: string; open: boolean }) {
  return (
    <a class="item" href={href} role="option" aria-selected={open ? 'true' : 'false'} id={`row-${row.id}`} tabIndex={-1}>
      <span class="q">{visible(row.question.replace(/\s+/g, ' ')) || '(no question)'}</span>
      <span class="meta">
        <Outcome row={row} />
        <span class="num">{row.stage} {row.step}</span>
        {row.reward !== null && !row.course && <span class="num">r {short(row.reward)}</span>}
        {row.undecided > 0 && !row.stage.startsWith('eval') && <span class="warn" title={`${row.undecided} without a reward`}>undecided {row.undecided}</span>}
        {row.truncated > 0 && <span class="warn" title={`${row.truncated} reached the length limit`}>cut {row.truncated}</span>}
        {row.difficulty > 0 && <span>d{row.difficulty}</span>}
      </span>
    </a>
  );
}

// What is typed goes into the address once the hand rests; the text of another address comes into the field.
function Search({ value, set }: { value: string; set: (text: string) => void }) {
  const [text, setText] = useState(value);
  const written = useRef(value);
  const write = useRef(set);
  write.current = set;
  const commit = (typed: string) => {
    if (typed === written.current) return;
    written.current = typed;
    write.current(typed);
  };
  useEffect(() => {
    if (value !== written.current) setText(value);
    written.current = value;
  }, [value]);
  useEffect(() => {
    const timer = setTimeout(() => commit(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return <input id="text" type="search" placeholder="Text of prompt, answer or completion" aria-label="Search text" value={text}
    onInput={(e) => setText(e.currentTarget.value)} onChange={(e) => commit(e.currentTarget.value)} />;
}

export function GroupsPage({ run, query }: { run: string; query: URLSearchParams }) {
  const info = useStore(live).runs.get(run);
  const detail = useLoad<RunDetail>('/api/run', { run }, info?.state);
  const version = useThrottled(info?.written_at ?? 0, 1500);
  const odd = [...query].filter(([name, value]) => value !== '' && kKnown[name]?.(value) === false).map(([name]) => name);
  const v = (name: string) => (odd.includes(name) ? '' : query.get(name) ?? '');
  const order = v('order'), ofProblems = order === 'improved' || order === 'failing' || order === 'worsened';
  const disagree = order === 'disagree' ? 'any' : order === 'right_low' || order === 'wrong_high' ? order : '';
  const stages = info?.stages ?? [];
  // What the run trains on, unless another stage is asked for: after an evaluation its groups would be the newest.
  const sampled = stages.filter((s) => s.trains && s.name !== 'sft');
  const stage = v('stage') || (sampled[sampled.length - 1]?.name ?? 'all');
  const ofStage = v('stage') === 'all' ? '' : v('stage');
  const wants: Query = ofProblems
    ? { run, order, stage: ofStage || (stages.some((s) => s.name === 'eval' && s.steps > 1) ? 'eval' : '') }
    : { run, stage: stage === 'all' ? '' : stage, step: v('step'), verifier: v('verifier'), status: v('status'), finish: v('finish'), text: v('text'), disagree };
  const listing = useListing(info ? (ofProblems ? '/api/problems' : '/api/groups') : null, wants, ofProblems, version);
  const filters = Object.fromEntries([...query].filter(([name]) => name !== 'at' && !odd.includes(name)));
  const here = link(['run', run, 'groups'], filters);
  const at = kAt.exec(v('at'));
  const open: [string, number, number] | null = at ? [at[1]!, Number(at[2]), Number(at[3])] : null;
  const isOpen = (r: GroupRow) => open !== null && r.stage === open[0] && r.step === open[1] && r.group === open[2];
  const index = listing.rows.findIndex(isOpen), row = listing.rows[index];
  const set = (name: string, value: string) => go(link(['run', run, 'groups'], { ...filters, [name]: value }), name === 'text');
  useEffect(() => { if (odd.length > 0) go(link(['run', run, 'groups'], { ...filters, at: v('at') }), true); }, [odd.length > 0]);

  const show = (i: number) => {
    const r = listing.rows[i];
    if (!r) return;
    go(withAt(here, r.stage, r.step, r.group), open !== null);
    document.getElementById(`row-${r.id}`)?.scrollIntoView({ block: 'nearest' });
    if (i + 5 > listing.rows.length) listing.more();
  };
  useKeys({
    j: ['next group of the list', () => show(index + 1)],
    k: ['group before in the list', () => show(Math.max(0, index - 1))],
    '/': ['search their text', () => document.getElementById('text')?.focus()],
    ...(open ? { Escape: ['close the group', () => { closed.current = listing.key; go(here); }] as [string, () => void] } : {}),
  });
  // On a narrow page the list and the group take turns: each comes where it was.
  const wide = () => matchMedia('(min-width: 861px)').matches;
  const shown = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (open === null && shown.current !== null && !wide()) document.getElementById(shown.current)?.scrollIntoView({ block: 'center' });
    if (open !== null && !wide()) scrollTo(0, 0);
  }, [v('at')]);
  if (row) shown.current = `row-${row.id}`;
  const end = useRef<HTMLDivElement>(null);
  const more = useRef(listing.more);
  more.current = listing.more;
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver((e) => { if (e[0]?.isIntersecting) more.current(); }, { rootMargin: '300px' });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [listing.key, listing.rows.length > 0]);
  // A wide page opens the first by itself, unless it was closed there.
  const closed = useRef('');
  useEffect(() => {
    const r = listing.rows[0];
    if (!open && r && closed.current !== listing.key && wide()) go(withAt(here, r.stage, r.step, r.group), true);
    if (open) closed.current = '';
  }, [listing.key, listing.rows.length > 0, open === null]);

  if (detail.error && !detail.data) return <Broken error={detail.error} again={detail.again} />;
  const verifiers = detail.data?.verifiers ?? [];
  const filtered = !ofProblems && ['stage', 'step', 'verifier', 'status', 'finish', 'text'].some((n) => v(n));
  const trains = (name: string) => !name.startsWith('eval');
  const stageList = [...new Set([...stages.map((s) => s.name), ...(ofStage ? [ofStage] : [])])].filter((name) => name !== 'sft' && (!ofProblems || !trains(name)));
  return (
    <div class={open ? 'split open' : 'split'}>
      <section class="sheet list" aria-label="Groups">
        <div class="filters">
          <div class="row">
            <select aria-label="Order" value={order} onChange={(e) => set('order', e.currentTarget.value)}>
              {kOrders.map(([value, title]) => <option value={value}>{title}</option>)}
            </select>
            <select aria-label="Stage" value={ofProblems ? (ofStage && trains(ofStage) ? 'grpo' : ofStage) : stage} onChange={(e) => set('stage', e.currentTarget.value)}>
              {ofProblems ? <><option value="">in evaluations</option><option value="grpo">in training</option></> : <option value="all">every stage</option>}
              {stageList.map((name) => <option value={name}>{name}</option>)}
            </select>
          </div>
          {!ofProblems && (
            <>
              <Search value={v('text')} set={(text) => set('text', text)} />
              <div class="row">
                <select aria-label="Verifier" value={v('verifier')} onChange={(e) => set('verifier', e.currentTarget.value)}>
                  <option value="">any verifier</option>
                  {verifiers.map((n) => <option value={n}>{n}</option>)}
                </select>
                <select aria-label="Verdict" value={v('status')} onChange={(e) => set('status', e.currentTarget.value)}>
                  <option value="">any verdict</option>
                  {kStatuses.map((s) => <option value={s}>{s}</option>)}
                </select>
                <select aria-label="Ending" value={v('finish')} onChange={(e) => set('finish', e.currentTarget.value)}>
                  <option value="">any ending</option>
                  {kFinishes.map(([value, title]) => <option value={value}>{title}</option>)}
                </select>
                <input type="number" min={0} placeholder="step" aria-label="Step" value={v('step')} style={{ flex: '0 1 4.6rem' }} onChange={(e) => set('step', e.currentTarget.value)} />
              </div>
            </>
          )}
        </div>
        <div class="items" role="listbox" aria-label="Groups" tabIndex={0} aria-activedescendant={row && `row-${row.id}`}
          onKeyDown={(e) => { if (e.key === 'ArrowDown') { e.preventDefault(); show(index + 1); } if (e.key === 'ArrowUp') { e.preventDefault(); show(Math.max(0, index - 1)); } }}>
          {listing.rows.map((r) => <Item key={r.id} row={r} href={withAt(here, r.stage, r.step, r.group)} open={isOpen(r)} />)}
          {listing.error && <Broken slim error={listing.error} again={listing.again} />}
          {!listing.searching && !listing.error && listing.rows.length === 0 && (
            filtered || order ? <Notice slim title="No group is like that" text={order && !filtered ? 'Nothing of this kind is recorded.' : 'No group passes the filters.'}>
              <a class="button" href={link(['run', run, 'groups'])}>Clear filters</a></Notice>
              : <Notice slim title="No groups yet" text="What the run samples shows up here." />
          )}
          {listing.searching && listing.rows.length === 0 && <Bones rows={8} />}
          {listing.searching && listing.rows.length > 0 && <p class="soft small pad">searching…</p>}
          <div ref={end} />
        </div>
        {listing.total !== null && <p class="soft small pad" style={{ borderTop: '1px solid var(--line)' }}>{plural(listing.total, 'problem')}</p>}
      </section>
      <section class="detail" aria-label="Group">
        {open ? <GroupView run={run} at={open} back={here} /> : listing.rows.length > 0 && <div class="sheet"><Notice slim title="Choose a group" /></div>}
      </section>
    </div>
  );
}
