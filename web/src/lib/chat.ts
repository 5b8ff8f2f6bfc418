// A conversation through POST /v1/chat/completions, as OpenAI's clients hold it.
import { authorization, errorOf, events, get, post, type Votes } from './api';

export interface ChatMessage { role: 'user' | 'assistant'; content: string }
export interface Sampling { temperature: number; top_p: number; max_tokens: number; n: number; seed: string }
export interface Choice { content: string; thought: string; finish: string | null }

interface Chunk {
  choices?: { index: number; delta?: { content?: string | null; reasoning_content?: string | null }; finish_reason?: string | null }[];
  error?: { message?: string };
}

// The names of models that can be asked.
export async function models(): Promise<string[]> {
  const list = await get<{ data: { id: string }[] }>('/v1/models');
  return list.data.map((m) => m.id);
}

// Calls `told` with the n answers as they grow.
export async function ask(model: string, messages: ChatMessage[], sampling: Sampling, signal: AbortSignal, told: (choices: Choice[]) => void): Promise<void> {
  const { seed, ...numbers } = sampling;
  const response = await fetch('/v1/chat/completions', {
    method: 'POST', signal,
    headers: { 'Content-Type': 'application/json', ...authorization() },
    body: JSON.stringify({ model, messages, stream: true, ...numbers, ...(seed.trim() === '' ? {} : { seed: Number(seed) }) }),
  });
  if (!response.ok) throw await errorOf(response);
  const choices: Choice[] = Array.from({ length: sampling.n }, () => ({ content: '', thought: '', finish: null }));
  let due = 0;
  for await (const { data } of events(response)) {
    if (data === '[DONE]') break;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new Error(chunk.error.message ?? 'the server broke off');
    for (const part of chunk.choices ?? []) {
      const choice = choices[part.index];
      if (!choice) continue;
      choice.content += part.delta?.content ?? '';
      choice.thought += part.delta?.reasoning_content ?? '';
      choice.finish = part.finish_reason ?? choice.finish;
    }
    if (Date.now() >= due) { // no more often than a screen shows
      told(choices.map((c) => ({ ...c })));
      due = Date.now() + 30;
    }
  }
  told(choices.map((c) => ({ ...c })));
}

// The answers counted, as the run's verifier reads and compares them.
export const votesOf = (run: string, choices: Choice[]): Promise<Votes> =>
  post<Votes>('/api/votes', { run }, { texts: choices.map((c) => c.content) });
