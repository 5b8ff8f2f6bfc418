// The frame around every page: where one is, the run's pages, the theme, the keys.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { hasToken, setToken } from './lib/api';
import { actions, useKeys } from './lib/keys';
import { connect, go, link, live, place, scrollBack, theme, useStore, type Theme } from './lib/store';
import { Notice, State } from './parts/basics';
import { EvaluationPage } from './pages/evaluation';
import { GroupsPage } from './pages/groups';
import { RunPage } from './pages/run';
import { RunsPage } from './pages/runs';
import { TryPage } from './pages/try';

const kTabs = [['', 'Charts'], ['groups', 'Groups'], ['evaluation', 'Evaluation'], ['try', 'Try it']] as const;
// What a run's charts were showing: the tab leads back to it.
const charts = new Map<string, { with: string | null; stage: string | null }>();

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0f766e" />
      <path d="M7 23c4 0 5-3 8-8s5-7 10-7" fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" />
      <circle cx="25" cy="8" r="2.6" fill="#fff" />
    </svg>
  );
}

const kThemes: Record<Theme, string> = { auto: 'as the system', light: 'light', dark: 'dark' };

function ThemeButton() {
  const now = useStore(theme);
  const next: Theme = now === 'auto' ? 'light' : now === 'light' ? 'dark' : 'auto';
  const label = `Colours: ${kThemes[now]}; change to ${kThemes[next]}`;
  return (
    <button class="icon plain" onClick={() => theme.set(next)} title={label} aria-label={label}>
      <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
        <circle cx="8" cy="8" r={now === 'auto' ? 5.5 : now === 'light' ? 3.2 : 5.5} fill={now === 'dark' ? 'currentColor' : 'none'} />
        {now === 'auto' && <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" stroke="none" />}
        {now === 'light' && <path d="M8 .8v1.6M8 13.6v1.6M.8 8h1.6M13.6 8h1.6M2.9 2.9 4 4M12 12l1.1 1.1M13.1 2.9 12 4M4 12l-1.1 1.1" />}
      </svg>
    </button>
  );
}

function Keys({ open, close }: { open: boolean; close: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !ref.current?.open) ref.current?.showModal();
    if (!open && ref.current?.open) ref.current.close();
  }, [open]);
  return (
    <dialog ref={ref} onClose={close} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <div class="keys">
        {actions().map(({ keys, what }) => (
          <>
            <span>{keys.map((k) => <><kbd>{k}</kbd> </>)}</span>
            <span>{what}</span>
          </>
        ))}
      </div>
      <button onClick={close}>Close</button>
    </dialog>
  );
}

function TokenForm() {
  const [token, set] = useState('');
  return (
    <Notice title="This server asks for its token" picture="lock"
      text="Open the address that hone ui printed, or give what was passed as --token. It is kept in this tab only.">
      {hasToken() && <p class="bad" role="alert">This token is not the one that hone ui was started with.</p>}
      <form class="row" onSubmit={(e) => { e.preventDefault(); setToken(token); location.reload(); }}>
        <label class="hidden" for="token">Token</label>
        <input id="token" type="password" value={token} onInput={(e) => set(e.currentTarget.value)} autocomplete="off" />
        <button class="primary" disabled={!token}>Go on</button>
      </form>
    </Notice>
  );
}

// Each run has pages of its own: nothing that one holds is left over for another.
function Page({ path, query, gone }: { path: string[]; query: URLSearchParams; gone: boolean }) {
  const [kind, name = '', page = ''] = path;
  if (kind === undefined) return <RunsPage />;
  if (gone) {
    return <Notice title="This run is not there" text={`${name} is none of the runs that hone ui was given.`}><a class="button" href="#/">All runs</a></Notice>;
  }
  if (kind === 'run' && name) {
    if (page === '') return <RunPage key={name} run={name} query={query} />;
    if (page === 'groups') return <GroupsPage key={name} run={name} query={query} />;
    if (page === 'evaluation') return <EvaluationPage key={name} run={name} query={query} />;
    if (page === 'try') return <TryPage key={name} run={name} />;
  }
  return <Notice title="There is no such page" text="The address names nothing that hone ui shows."><a class="button" href="#/">All runs</a></Notice>;
}

function Frame({ title, children }: { title: string; children: ComponentChildren }) {
  const { path, query } = useStore(place);
  const now = useStore(live);
  const named = path[0] === 'run' ? path[1] : undefined;
  const info = named === undefined ? undefined : now.runs.get(named);
  const run = now.loaded && !info ? undefined : named; // one that is gone has no pages
  const [keys, showKeys] = useState(false);
  useEffect(() => {
    if (named && path.length === 2) charts.set(named, { with: query.get('with'), stage: query.get('stage') });
  }, [path, query]);
  const chartsOf = (of: string) => link(['run', of], path.length === 2 ? { with: query.get('with'), stage: query.get('stage') } : charts.get(of));
  useKeys({
    '?': ['these keys', () => showKeys(true)],
    'g r': ['all runs', () => go('#/')],
    ...(run === undefined ? {} : {
      'g c': ['charts of the run', () => go(chartsOf(run))],
      'g g': ['its groups', () => go(link(['run', run, 'groups']))],
      'g e': ['its evaluation', () => go(link(['run', run, 'evaluation']))],
      'g t': ['try it', () => go(link(['run', run, 'try']))],
    }),
  });
  return (
    <>
      <header class="top">
        <a class="brand" href="#/"><Mark />hone</a>
        {named !== undefined && (
          <div class="crumb">
            <span class="soft" aria-hidden="true">/</span>
            <span class="name" title={named}>{named}</span>
            {info && <State state={info.state} />}
          </div>
        )}
        {run !== undefined && (
          <nav class="tabs" aria-label="Pages of the run">
            {kTabs.map(([page, name]) => (
              <a href={page ? link(['run', run, page]) : chartsOf(run)} aria-current={(path[2] ?? '') === page ? 'page' : undefined}>{name}</a>
            ))}
          </nav>
        )}
        <span class="grow" />
        {now.state === 'lost' && now.loaded && <span class="tag warn" role="status">connection lost, trying again</span>}
        <button class="icon plain only-wide" onClick={() => showKeys(true)} title="Keys (?)" aria-label="Keys">?</button>
        <ThemeButton />
      </header>
      <main id="main">
        {run !== undefined && <h1 class="hidden">{title}</h1>}
        {children}
      </main>
      <Keys open={keys} close={() => showKeys(false)} />
    </>
  );
}

export function App() {
  const { path, query } = useStore(place);
  const now = useStore(live);
  const run = path[0] === 'run' ? path[1] : undefined;
  const page = kTabs.find(([name]) => name === (path[2] ?? ''));
  const title = run && page ? `${run} · ${page[1]}` : '';
  useEffect(() => { document.title = title ? `${title} · hone` : 'hone'; }, [title]);
  useEffect(scrollBack, [path.join('/')]);
  const refused = now.error?.status === 401;
  return (
    <Frame title={title}>
      {refused ? <TokenForm />
        : !now.loaded && now.error ? (
          <Notice title="No answer" picture="cut" text={now.error.message}>
            <button onClick={() => connect()}>Try again</button>
          </Notice>
        ) : <Page path={path} query={query} gone={run !== undefined && now.loaded && !now.runs.has(run)} />}
    </Frame>
  );
}
