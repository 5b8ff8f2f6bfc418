// One completion: what it says, what it earned, and why.
import { useEffect, useState } from 'preact/hooks';
import type { Part, Rollout } from '../lib/api';
import { short, signed } from '../lib/format';
import { divided, hasMath, Prose, visible } from './text';
import { dividedPieces, Tokens, type Colouring } from './tokens';

const kMarks: Record<string, [string, string]> = {
  correct: ['✓', 'good'], wrong: ['✗', 'bad'], unparsable: ['∅', 'bad'], timeout: ['⏱', 'warn'], error: ['!', 'warn'],
};

// A verifier's detail, as recorded: "-1 is not -10", "x = x", a compiler's output, a failed test, a proof's error.
function Why({ part }: { part: Part }) {
  if (!part.detail) return null;
  if (part.detail.includes('\n') || part.detail.length > 160) return <pre tabIndex={0}>{visible(part.detail)}</pre>;
  const compared = part.status === 'wrong' ? /^(.{1,80}?) is not (.{1,80})$/.exec(part.detail) : null;
  if (compared) return <span class="why">read <b class="mono bad">{visible(compared[1]!)}</b>, expected <b class="mono">{visible(compared[2]!)}</b></span>;
  const said = /^(\d+) of (\d+) friends? says? yes$/.exec(part.detail);
  if (said && Number(said[2]) <= 64) {
    return (
      <span class="says"><span aria-hidden="true">{Array.from({ length: Number(said[2]) }, (_, i) => <i class={i < Number(said[1]) ? 'yes' : ''} />)}</span>
        <span>{part.detail}</span></span>
    );
  }
  return <span class="why mono">{visible(part.detail)}</span>;
}

export function Verdicts({ parts }: { parts: Part[] }) {
  return (
    <>
      {parts.map((p) => {
        const [mark, tone] = kMarks[p.status] ?? ['?', ''];
        return (
          <div class="verdict">
            <b class={tone} title={p.status} aria-label={p.status}>{mark}</b>
            <span>{p.verifier} <span class="soft">{p.status}</span></span>
            <span class="num" title="score × weight">{p.score === null ? 'undecided' : short(p.score)}<span class="soft"> × {short(p.weight)}</span></span>
            <Why part={p} />
          </div>
        );
      })}
    </>
  );
}

function Advantage({ value, largest }: { value: number | null; largest: number }) {
  if (value === null) return null;
  const half = largest > 0 ? (50 * Math.abs(value)) / largest : 0;
  return (
    <span class="row" style={{ gap: '0.3rem', flexWrap: 'nowrap' }} title={`advantage ${value}`}>
      <span class="advantage" aria-hidden="true"><i class={value > 0 ? 'plus' : ''} style={value > 0 ? { left: '50%', width: `${half}%` } : { right: '50%', width: `${half}%` }} /></span>
      <span class="num soft">{signed(value)}</span>
    </span>
  );
}

function Copy({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => { setDone(true); setTimeout(() => setDone(false), 1500); }, () => {});
  // Browsers lend the clipboard to this machine's pages and to https alone.
  return navigator.clipboard ? <button class="plain small copy" onClick={copy}>{done ? 'copied' : 'copy'}</button> : null;
}

const kFinish: Record<string, string> = { eos: 'ended', stop: 'stop string', length: 'truncated' };

export function RolloutCard({ rollout: r, index, how, largest, unfold, name, measured }: {
  rollout: Rollout; index: number; how: Colouring; largest: number; unfold: boolean; name?: string;
  measured?: boolean; // of an evaluation: nothing is learned from it
}) {
  const [open, setOpen] = useState(unfold);
  useEffect(() => setOpen(unfold), [unfold]);
  const coloured = how !== 'none' && r.pieces !== undefined;
  const { before, thought, rest } = divided(r.text);
  const pieces = coloured ? dividedPieces(r.pieces!) : null;
  const odd = r.advantage !== null && ((r.correct && r.advantage < 0) || (!r.correct && r.advantage > 0));
  const undecided = r.parts.some((p) => p.weight !== 0 && (p.status === 'timeout' || p.status === 'error'));
  const prose = !coloured && hasMath(r.text);
  const folded = pieces ? pieces.thought.length > 0 : thought !== null;
  const inThought = pieces ? pieces.thought.reduce((n, p) => n + p[1], 0) : null;
  const show = (text: string) => (prose ? <Prose text={text} /> : visible(text));
  return (
    <article class={`sheet rollout ${odd ? 'odd' : r.correct ? 'yes' : 'no'}`} aria-label={`completion ${index}`} data-correct={r.correct}>
      <header>
        <span class="soft">{name ?? index}</span>
        <span class={`tag ${r.correct ? 'good' : 'bad'}`} title={r.correct ? 'right' : 'not right'}>{r.correct ? '✓' : '✗'}<span class="hidden">{r.correct ? 'right' : 'not right'}</span></span>
        {r.reward !== null ? <span class="num">reward <b>{short(r.reward)}</b></span>
          : undecided ? <span class="warn" title="A verifier could not decide: the completion is left out">undecided</span>
            : !measured && <span class="soft" title="It only votes: it is not learned from">only votes</span>}
        {!measured && r.reward !== null && <Advantage value={r.advantage} largest={largest} />}
        <span class="grow" />
        <Copy text={r.text} />
        <span class="soft num" title={`${kFinish[r.finish]}${r.entropy === null ? '' : `; mean entropy ${short(r.entropy)} nats`}`}>{r.tokens} tok{r.clipped !== null && r.clipped > 0 && <span title="tokens that the update's clip cut off from learning, in some pass">, {r.clipped} clipped</span>}{r.finish === 'length' && <b class="warn"> truncated</b>}</span>
      </header>
      <div class="body">
        <div class={prose ? 'text prose' : 'text'} tabIndex={0}>
          {!pieces && before && show(before)}
          {folded && (
            <details class="think" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
              <summary>{(pieces ? false : thought!.trim() === '') ? 'thought nothing' : `thinking${inThought !== null ? `, ${inThought} tokens` : ''}`}</summary>
              {open && <div>{pieces ? <Tokens pieces={pieces.thought} rollout={r} how={how} largest={largest} /> : show(thought!)}</div>}
            </details>
          )}
          {pieces ? <Tokens pieces={pieces.rest} rollout={r} how={how} largest={largest} /> : show(rest)}
          {r.text === '' && !pieces && <span class="soft">(empty)</span>}
        </div>
      </div>
      <footer><Verdicts parts={r.parts} /></footer>
    </article>
  );
}
