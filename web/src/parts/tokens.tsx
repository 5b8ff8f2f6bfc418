// A completion token by token, coloured by what was recorded of it.
import type { Piece, Rollout } from '../lib/api';
import { visible } from './text';

export type Colouring = 'none' | 'probability' | 'advantage';
export const kColourings: readonly Colouring[] = ['none', 'probability', 'advantage'];

// Of pieces that are several tokens, the mean logprob counts.
function background(piece: Piece, rollout: Rollout, how: Colouring, largest: number): string {
  if (how === 'probability') {
    if (piece[2] === null) return 'none';
    const p = Math.exp(piece[2] / piece[1]);
    return `rgb(var(--surprise) / calc(var(--deep) * ${(1 - p).toFixed(3)}))`;
  }
  const a = rollout.advantage ?? 0;
  if (a === 0 || largest === 0) return 'none';
  return `rgb(var(${a > 0 ? '--plus' : '--minus'}) / calc(var(--deep) * ${(0.2 + 0.8 * Math.abs(a) / largest).toFixed(3)}))`;
}

function told(piece: Piece, rollout: Rollout): string {
  const [text, count, logprob] = piece;
  const parts = [JSON.stringify(text)];
  if (count > 1) parts.push(`${count} tokens make up these characters`);
  if (logprob !== null) parts.push(`probability ${(100 * Math.exp(logprob)).toPrecision(3)} %`, `logprob ${logprob}`);
  if (rollout.advantage !== null) parts.push(`advantage ${rollout.advantage.toFixed(3)}`);
  return parts.join('\n');
}

export function Tokens({ pieces, rollout, how, largest }: { pieces: Piece[]; rollout: Rollout; how: Colouring; largest: number }) {
  return (
    <>
      {pieces.map((piece, i) => (
        <span key={i} class={piece[3] ? 'token special' : 'token'} style={{ background: background(piece, rollout, how, largest) }} title={told(piece, rollout)}>
          {visible(piece[0])}
        </span>
      ))}
    </>
  );
}

// The pieces of the thought and those after it: </think> may be one token or several.
export function dividedPieces(pieces: Piece[]): { thought: Piece[]; rest: Piece[] } {
  const text = pieces.map((p) => p[0]).join('');
  const close = text.lastIndexOf('</think>');
  const end = close >= 0 ? close + 8 : text.includes('<think>') ? text.length : 0;
  let at = 0, n = 0;
  while (n < pieces.length && at < end) at += pieces[n++]![0].length;
  return { thought: pieces.slice(0, n), rest: pieces.slice(n) };
}

export function Scale({ how }: { how: Colouring }) {
  if (how === 'none') return null;
  const colors = how === 'probability' ? 'rgb(var(--surprise) / 0), rgb(var(--surprise) / var(--deep))' : 'rgb(var(--minus) / var(--deep)), transparent, rgb(var(--plus) / var(--deep))';
  return <span class="scale">{how === 'probability' ? 'certain' : 'worse'}<i style={{ background: `linear-gradient(90deg, ${colors})` }} />{how === 'probability' ? 'surprising' : 'better'}</span>;
}
