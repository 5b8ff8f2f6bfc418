// State outside the components: the list of runs kept live, the place in the address, settings of the browser.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, authorization, errorOf, events, type RunInfo } from './api';

type Listener = () => void;

export class Store<T> {
  private listeners = new Set<Listener>();
  constructor(private value: T) {}
  get(): T { return this.value; }
  set(value: T): void {
    if (value === this.value) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.listen(() => setValue(store.get()));
  }, [store]);
  return value;
}

// --- the runs, live ---------------------------------------------------------------------------------------

export interface Live {
  runs: Map<string, RunInfo>;
  state: 'connecting' | 'live' | 'lost' | 'paused';
  loaded: boolean; // whether the list has come once
  error: ApiError | null;
}
export const live = new Store<Live>({ runs: new Map(), state: 'connecting', loaded: false, error: null });

// How often the server was reached: what it did not answer is asked again then.
export const reached = new Store(0);

let connection: AbortController | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;

async function follow(controller: AbortController): Promise<void> {
  const response = await fetch('/api/live', { headers: authorization(), signal: controller.signal });
  if (!response.ok) throw await errorOf(response);
  live.set({ ...live.get(), state: 'live', error: null });
  reached.set(reached.get() + 1);
  let fresh: Map<string, RunInfo> | null = new Map(); // what is not told again was removed meanwhile
  const settle = () => {
    if (!fresh) return;
    live.set({ ...live.get(), runs: fresh, loaded: true });
    fresh = null;
  };
  for await (const { event, data } of events(response)) {
    if (event === 'ready') { settle(); continue; }
    const run = JSON.parse(data) as RunInfo;
    const runs: Map<string, RunInfo> = fresh ?? new Map(live.get().runs);
    if (event === 'gone') runs.delete(run.run); else runs.set(run.run, run);
    if (!fresh) live.set({ ...live.get(), runs });
  }
}

export function connect(): void {
  connection?.abort();
  clearTimeout(retry);
  const controller = new AbortController();
  connection = controller;
  follow(controller)
    .catch((e: unknown) => (e instanceof ApiError ? e : new ApiError(0, 'hone ui does not answer. Is it still running?')))
    .then((error) => {
      if (connection !== controller) return; // given up for another
      connection = null;
      live.set({ ...live.get(), state: 'lost', error: error ?? live.get().error });
      const refused = error && (error.status === 401 || error.status === 403);
      if (!refused) retry = setTimeout(connect, 1500);
    });
}

// A hidden tab gives its connection back: browsers allow six to one server, over all tabs.
export function followVisibility(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      clearTimeout(retry);
      connection?.abort();
      connection = null;
      live.set({ ...live.get(), state: 'paused' });
    } else {
      connect();
    }
  });
}

// --- the place --------------------------------------------------------------------------------------------

export interface Place { path: string[]; query: URLSearchParams }

function readPlace(): Place {
  const text = location.hash.replace(/^#\/?/, '');
  const [path = '', query = ''] = text.split('?', 2);
  const decode = (part: string) => { try { return decodeURIComponent(part); } catch { return part; } };
  return { path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}
export const place = new Store<Place>(readPlace());
// How far each entry of the history was scrolled. The browser's own memory would come before what it shows is there.
const scrolled = new Map<number, number>();
let entry = 0;
function enter(): void {
  entry = typeof history.state === 'number' ? history.state : Date.now();
  history.replaceState(entry, '');
  place.set(readPlace());
}
export function followPlace(): void {
  history.scrollRestoration = 'manual';
  enter(); // a token has left the address since
  addEventListener('hashchange', () => { scrolled.set(entry, scrollY); enter(); });
}

// Scrolls to where this entry of the history was left, as soon as the page is that long and unless something else is
// done first; a new entry begins at the top.
export function scrollBack(): () => void {
  const y = scrolled.get(entry) ?? 0;
  const kinds = ['wheel', 'touchstart', 'pointerdown', 'keydown'];
  const stop = () => { watch.disconnect(); kinds.forEach((k) => removeEventListener(k, stop)); };
  const watch = new ResizeObserver(() => { scrollTo(0, y); if (scrollY >= y - 1) stop(); });
  kinds.forEach((k) => addEventListener(k, stop));
  watch.observe(document.body);
  return stop;
}

export function link(path: string[], query: Record<string, string | number | null | undefined> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}
export function go(to: string, replace = false): void {
  if (replace) {
    history.replaceState(history.state, '', to);
    place.set(readPlace());
  } else {
    location.hash = to;
  }
}

// --- settings ---------------------------------------------------------------------------------------------

export type Theme = 'auto' | 'light' | 'dark';
const saved = (key: string): string | null => { try { return localStorage.getItem(key); } catch { return null; } };
const save = (key: string, value: string): void => { try { localStorage.setItem(key, value); } catch { /* private */ } };

export function setting<T extends string>(key: string, otherwise: T, values: readonly T[]): Store<T> {
  const found = saved(`hone-${key}`) as T | null;
  const store = new Store<T>(found && values.includes(found) ? found : otherwise);
  store.listen(() => save(`hone-${key}`, store.get()));
  return store;
}

export const theme = setting<Theme>('theme', 'auto', ['auto', 'light', 'dark']);
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
export const dark = new Store(false);
export function followTheme(): void {
  const apply = () => {
    const wanted = theme.get();
    const isDark = wanted === 'dark' || (wanted === 'auto' && prefersDark.matches);
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
    dark.set(isDark);
  };
  theme.listen(apply);
  prefersDark.addEventListener('change', apply);
  apply();
}
