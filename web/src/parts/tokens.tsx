// A completion token by token, coloured by what was recorded of it.
import type { Piece, Rollout } from '../lib/api';
import { plural } from '../lib/format';
import { visible } from './text';

export type Colouring = 'none' | 'probability' | 'entropy' | 'advantage' | 'clipping';
export const kColourings: readonly Colouring[] = ['none', 'probability', 'entropy', 'advantage', 'clipping'];

// The scale's two ends, what stands between them, and what the select says.
export const kSays: Record<Colouring, { label: string; low: string; high: string }> = {
  none: { label: 'nothing', low: '', high: '' },
  probability: { label: 'probability', low: 'certain', high: 'surprising' },
  entropy: { label: 'entropy', low: 'one way on', high: 'many' },
  advantage: { label: 'advantage', low: 'worse', high: 'better' },
  clipping: { label: 'clipping', low: 'clipped going down', high: 'going up' },
};

const shade = (name: string, share: number) => `rgb(var(${name}) / calc(var(--deep) * ${share.toFixed(3)}))`;

// Of pieces that are several tokens, the means of logprob and entropy count.
function background(piece: Piece, rollout: Rollout, how: Colouring, largest: number): string {
  const [, count, logprob, entropy, clipped] = piece;
  const a = rollout.advantage ?? 0, side = a > 0 ? '--plus' : '--minus';
  if (how === 'probability') return logprob === null ? 'none' : shade('--surprise', 1 - Math.exp(logprob / count));
  // e^H is how many equally likely tokens would be as uncertain.
  if (how === 'entropy') return entropy === null ? 'none' : shade('--surprise', 1 - Math.exp(-entropy / count));
  if (how === 'clipping') return clipped > 0 ? shade(side, 1) : 'none';
  return a === 0 || largest === 0 ? 'none' : shade(side, 0.2 + 0.8 * Math.abs(a) / largest);
}

function told(piece: Piece, rollout: Rollout): string {
  const [text, count, logprob, entropy, clipped] = piece;
  const parts = [JSON.stringify(text)];
  if (count > 1) parts.push(`${count} tokens make up these characters`);
  if (logprob !== null) parts.push(`probability ${(100 * Math.exp(logprob)).toPrecision(3)} %`, `logprob ${logprob}`);
  if (entropy !== null) parts.push(`entropy ${entropy} nats, as ${Math.exp(entropy / count).toPrecision(3)} equally likely tokens`);
  if (rollout.advantage !== null) parts.push(`advantage ${rollout.advantage.toFixed(3)}`);
  if (clipped > 0) parts.push(`clipped in ${plural(clipped, 'pass', 'passes')} of the update`);
  return parts.join('\n');
}

export function Tokens({ pieces, rollout, how, largest }: { pieces: Piece[]; rollout: Rollout; how: Colouring; largest: number }) {
  return (
    <>
      {pieces.map((piece, i) => (
        <span key={i} class={piece[5] ? 'token special' : 'token'} style={{ background: background(piece, rollout, how, largest) }} title={told(piece, rollout)}>
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
  const one = how === 'probability' || how === 'entropy';
  const colors = one ? 'rgb(var(--surprise) / 0), rgb(var(--surprise) / var(--deep))' : 'rgb(var(--minus) / var(--deep)), transparent, rgb(var(--plus) / var(--deep))';
  return <span class="scale">{kSays[how].low}<i style={{ background: `linear-gradient(90deg, ${colors})` }} />{kSays[how].high}</span>;
}
