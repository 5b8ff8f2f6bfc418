// The metrics of runs, kept up to date: only what is new is asked for while a run writes.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, isAbort, type Evaluations, type MetricTable, type RunInfo } from './api';
import { useThrottled } from './load';
import { live, useStore } from './store';

export interface Curves { table: MetricTable; evaluations: Evaluations | null }
export interface CurvesState { runs: Map<string, Curves>; errors: Map<string, ApiError>; loading: boolean }

const kPoints = 1500;

function grown(old: MetricTable, more: MetricTable): MetricTable {
  const n = old.steps.length, total = n + more.steps.length;
  const metrics: MetricTable['metrics'] = {};
  for (const name of new Set([...Object.keys(old.metrics), ...Object.keys(more.metrics)])) {
    metrics[name] = [...(old.metrics[name] ?? new Array<null>(n).fill(null)), ...(more.metrics[name] ?? new Array<null>(total - n).fill(null))];
  }
  return { bin: 1, steps: [...old.steps, ...more.steps], metrics };
}

async function table(run: string, stage: string, old: MetricTable | undefined, info: RunInfo | undefined, signal: AbortSignal): Promise<MetricTable> {
  const last = old?.steps[old.steps.length - 1];
  const now = info?.stages?.find((s) => s.name === stage);
  // A resumed run begins again at its checkpoint: what lies after it is no more.
  if (old && old.bin === 1 && last !== undefined && now && now.last >= last && now.steps >= old.steps.length && now.steps <= kPoints) {
    if (now.last === last) return old;
    const more = await get<MetricTable>('/api/metrics', { run, stage, after: last, points: kPoints }, signal);
    if (more.bin === 1 && old.steps.length + more.steps.length === now.steps) return grown(old, more);
  }
  return get<MetricTable>('/api/metrics', { run, stage, points: kPoints }, signal);
}

export function useCurves(names: string[], stage: string, infos: Map<string, RunInfo>): CurvesState & { again: () => void } {
  const [state, setState] = useState<CurvesState>({ runs: new Map(), errors: new Map(), loading: true });
  const held = useRef<{ stage: string; runs: Map<string, Curves> }>({ stage: '', runs: new Map() });
  const version = useThrottled(names.map((n) => infos.get(n)?.written_at ?? 0).join(' '), 1000);
  const key = names.join('\n');
  const [turn, setTurn] = useState(0);
  const again = () => setTurn((t) => t + 1);
  const connected = useStore(live).state === 'live';
  useEffect(() => { if (connected && state.errors.size > 0) again(); }, [connected]); // the server is back
  useEffect(() => {
    const controller = new AbortController();
    if (held.current.stage !== stage) held.current = { stage, runs: new Map() };
    const old = held.current.runs;
    setState((s) => ({ ...s, loading: true }));
    const errors = new Map<string, ApiError>();
    const one = async (run: string): Promise<[string, Curves] | null> => {
      try {
        const [made, evaluations] = await Promise.all([
          table(run, stage, old.get(run)?.table, infos.get(run), controller.signal),
          get<Evaluations>('/api/evaluations', { run }, controller.signal),
        ]);
        return [run, { table: made, evaluations }];
      } catch (e) {
        if (isAbort(e)) return null;
        errors.set(run, e instanceof ApiError ? e : new ApiError(0, String(e)));
        return null;
      }
    };
    Promise.all(names.map(one)).then((all) => {
      if (controller.signal.aborted) return;
      const runs = new Map(all.filter((p): p is [string, Curves] => p !== null));
      held.current = { stage, runs };
      setState({ runs, errors, loading: false });
    });
    return () => controller.abort();
  }, [key, stage, version, turn]);
  return { ...state, again };
}
