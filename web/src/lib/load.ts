// Something fetched, with its designed states: loading, broken, there.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, isAbort, queryText, type Query } from './api';
import { reached, useStore } from './store';

export interface Loaded<T> { data: T | null; error: ApiError | null; loading: boolean }

// Asks again when the path, the query or `version` changes. What was there stays while the same thing is asked
// again (another version), and goes when another thing is asked.
export function useLoad<T>(path: string | null, query: Query = {}, version: unknown = 0): Loaded<T> & { again: () => void } {
  const key = path === null ? null : `${path}?${queryText(query)}`;
  const [state, setState] = useState<Loaded<T> & { key: string | null }>({ data: null, error: null, loading: true, key: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef<string | null>(null);
  latest.current = key;
  useEffect(() => {
    if (path === null || key === null) return;
    const controller = new AbortController();
    setState((s) => (s.key === key ? { ...s, loading: true } : { data: null, error: null, loading: true, key }));
    get<T>(path, query, controller.signal)
      .then((data) => { if (latest.current === key) setState({ data, error: null, loading: false, key }); })
      .catch((e: unknown) => {
        if (isAbort(e) || latest.current !== key) return;
        const error = e instanceof ApiError ? e : new ApiError(0, String(e));
        setState((s) => ({ data: s.key === key ? s.data : null, error, loading: false, key }));
      });
    return () => controller.abort();
  }, [key, version, turn]);
  useRetry(state.error !== null, () => setTurn((t) => t + 1));
  const current = state.key === key ? state : { data: null, error: null, loading: true };
  return { ...current, again: () => setTurn((t) => t + 1) };
}

// Does again what failed as soon as the server is back.
export function useRetry(failed: boolean, again: () => void): void {
  const times = useStore(reached);
  useEffect(() => { if (failed) again(); }, [times]);
}

// A value that follows another at most once in so many milliseconds.
export function useThrottled<T>(value: T, milliseconds: number): T {
  const [held, setHeld] = useState(value);
  const at = useRef(0);
  useEffect(() => {
    if (Object.is(value, held)) return;
    const wait = Math.max(0, at.current + milliseconds - Date.now());
    const timer = setTimeout(() => { at.current = Date.now(); setHeld(value); }, wait);
    return () => clearTimeout(timer);
  }, [value, held]);
  return held;
}
