// What the server tells (hone/web/pages_api.h), and how it is asked.

export interface StageInfo { name: string; steps: number; first: number; last: number; trains: boolean }
export interface RecipeBrief {
  tasks: string[]; files: string[]; model: string; loss: number; group_size: number; seed: number;
  rewards: { verifier: string; weight: number }[];
  totals: Record<string, number>;
}
export interface RunInfo {
  run: string; folder: string;
  state: 'running' | 'finished' | 'stopped' | 'failed' | 'interrupted' | 'starting' | 'empty' | 'broken';
  error?: string;
  started_at?: number; written_at?: number;
  stages?: StageInfo[];
  held_out?: { stage: string; steps: number[]; values: (number | null)[] } | null;
  recipe?: RecipeBrief | null;
}
export interface RunDetail extends RunInfo { verifiers?: string[]; recipe_text?: string | null }

export interface MetricTable { bin: number; steps: number[]; metrics: Record<string, (number | null)[]> }

export interface GroupRow {
  id: number; stage: string; step: number; group: number; problem: string; source: string; answer: string;
  question: string; difficulty: number; rollouts: number; correct: number; undecided: number; truncated: number;
  right_low: number; wrong_high: number; tokens: number;
  reward: number | null; reward_low: number | null; reward_high: number | null;
  course?: { times: number; first: number; last: number; mean: number };
}
// `correct` where that is known.
export interface Votes { answers: { answer: string; count: number; correct?: number }[]; none: number; compared_by: string }
export interface Part { verifier: string; weight: number; status: string; score: number | null; detail: string }
// [text, how many tokens it is made of, the sum of their logprobs, of their entropies (null: not recorded), passes
// that clipped one of them, 1 for a special token]
export type Piece = [string, number, number | null, number | null, number, 1?];
export interface Rollout {
  text: string; answer: string; finish: string; tokens: number; logprob: number | null;
  entropy: number | null; clipped: number | null; // null: not recorded; how many tokens were clipped
  version: number;
  reward: number | null; correct: boolean; advantage: number | null; parts: Part[]; pieces?: Piece[];
}
export interface Group {
  id: number; stage: string; step: number; group: number; groups: number; problem: string; source: string;
  difficulty: number; answer: string; solution: string; fields: string;
  messages: { role: string; content: string }[]; prompt: string; prompt_tokens: number;
  votes: Votes;
  tokens_missing: string | null; rollouts: Rollout[];
}
export interface Tally { problems: number; rollouts: number; accuracy: number; low: number; high: number; tokens: number }
export interface Evaluation extends Tally { stage: string; step: number; by_difficulty: (Tally & { difficulty: number })[] }
export interface StrategyFile {
  name: string; problems: number;
  points: { strategy: string; k: number; accuracy: number; low: number; high: number; tokens: number }[];
}
export interface Evaluations { recorded: Evaluation[]; strategies: StrategyFile[]; unread: string[] }
export interface Answers {
  counts: Record<Outcome, number>; only_in_one: number; total: number;
  rows: { outcome: Outcome; a: GroupRow; b: GroupRow }[];
}
export type Outcome = 'both' | 'only_a' | 'only_b' | 'neither';

export class ApiError extends Error {
  constructor(public status: number, message: string) { super(message); }
}

const kTokenKey = 'hone-token';

// A token in the address (after '#' or '?') moves into the tab's own memory, and out of the address, so that it is
// neither bookmarked nor shown; every request then carries it in a header.
export function takeToken(): void {
  const { hash, search } = location;
  const from = /^#token=([^&]*)/.exec(hash) ?? /[?&]token=([^&]*)/.exec(search);
  if (!from) return;
  let token = from[1] ?? '';
  try { token = decodeURIComponent(token); } catch { /* as it stands */ }
  setToken(token);
  history.replaceState(null, '', location.pathname + (hash.startsWith('#token=') ? '' : hash));
}
export function setToken(token: string): void { sessionStorage.setItem(kTokenKey, token); }

export const hasToken = (): boolean => Boolean(sessionStorage.getItem(kTokenKey));

// A header holds bytes: those of UTF-8, each as a character. It can't hold an end of line, and no token does.
export function authorization(): Record<string, string> {
  const bytes = new TextEncoder().encode((sessionStorage.getItem(kTokenKey) ?? '').replace(/[\0\r\n]/g, ' '));
  return bytes.length ? { Authorization: `Bearer ${String.fromCharCode(...bytes)}` } : {};
}

export type Query = Record<string, string | number | null | undefined>;

export function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value));
  }
  return params.toString();
}

export async function errorOf(response: Response): Promise<ApiError> {
  let message = `the server answered ${response.status}`;
  try {
    const body = await response.json() as { error?: { message?: string } };
    if (body.error?.message) message = body.error.message;
  } catch { /* not JSON: the status has to do */ }
  return new ApiError(response.status, message);
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const text = queryText(query);
  let response: Response;
  try {
    response = await fetch(text ? `${path}?${text}` : path, { headers: authorization(), signal: signal ?? null });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, 'hone ui does not answer. Is it still running?');
  }
  if (!response.ok) throw await errorOf(response);
  return await response.json() as T;
}
export async function post<T>(path: string, query: Query, body: unknown): Promise<T> {
  const response = await fetch(`${path}?${queryText(query)}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...authorization() }, body: JSON.stringify(body),
  });
  if (!response.ok) throw await errorOf(response);
  return await response.json() as T;
}
export const isAbort = (e: unknown): boolean => e instanceof DOMException && e.name === 'AbortError';

export interface ServerEvent { event: string; data: string }

// Server-sent events of a fetched answer: EventSource can't send the token's header, nor a body.
export async function* events(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value.replace(/\r\n/g, '\n');
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const block = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        let event = 'message';
        const data: string[] = [];
        for (const line of block.split('\n')) {
          if (line.startsWith('event:')) event = line.slice(6).trim();
          else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
        }
        if (data.length) yield { event, data: data.join('\n') };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
