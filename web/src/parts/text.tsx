// A model's text. It is hostile: it becomes text nodes and nothing else, maths only through KaTeX, which is told to
// trust nothing (no links, no files, no classes of the text's own).
import { useEffect, useRef, useState } from 'preact/hooks';

type Katex = typeof import('katex')['default'];
let katex: Katex | null = null;
let coming: Promise<void> | null = null;

// KaTeX and its fonts are loaded when the first formula is shown.
function loadKatex(): Promise<void> {
  coming ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([m]) => { katex = m.default; });
  return coming;
}

interface Span { text: string; math: boolean; display: boolean }

const kMath = /\$\$([\s\S]{1,4000}?)\$\$|\\\[([\s\S]{1,4000}?)\\\]|\\\(([\s\S]{1,2000}?)\\\)|\$(?!\s)((?:[^$\\\n]|\\.){1,600}?)(?<![\s\\])\$(?!\d)|(\\boxed\{(?:[^{}\n]|\{(?:[^{}\n]|\{[^{}\n]*\})*\}){1,400}\})/g;

export function spans(text: string): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const m of text.matchAll(kMath)) {
    const inner = m[1] ?? m[2] ?? m[3] ?? m[4] ?? m[5] ?? '';
    if (m.index > at) found.push({ text: text.slice(at, m.index), math: false, display: false });
    found.push({ text: inner, math: true, display: m[1] !== undefined || m[2] !== undefined });
    at = m.index + m[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at), math: false, display: false });
  return found;
}

export const hasMath = (text: string): boolean => { kMath.lastIndex = 0; return kMath.test(text); };

function Formula({ tex, display }: { tex: string; display: boolean }) {
  const ref = useRef<HTMLSpanElement>(null);
  const [ready, setReady] = useState(katex !== null);
  useEffect(() => { if (!ready) loadKatex().then(() => setReady(true), () => {}); }, []);
  useEffect(() => {
    if (!ready || !katex || !ref.current) return;
    try {
      katex.render(tex, ref.current, { displayMode: display, throwOnError: true, trust: false, strict: 'ignore', maxSize: 20, maxExpand: 200 });
    } catch {
      ref.current.textContent = tex; // no formula after all
    }
  }, [tex, display, ready]);
  return <span ref={ref}>{tex}</span>;
}

// Control characters would be invisible, direction marks would show another order than there is.
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g, (c) =>
    c === '\r' ? '␍' : c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : '\ufffd');
}

export function Prose({ text }: { text: string }) {
  return <>{spans(text).map((s, i) => (s.math ? <Formula key={`${i} ${s.text}`} tex={s.text} display={s.display} /> : visible(s.text)))}</>;
}

// [thought, answer]; the thought is null where there is none. A thought that never ends is all thought.
export function divided(text: string): { before: string; thought: string | null; rest: string } {
  const open = text.indexOf('<think>');
  const close = text.lastIndexOf('</think>');
  if (close >= 0) {
    const start = open >= 0 && open < close ? open : -1;
    return { before: start > 0 ? text.slice(0, start) : '', thought: text.slice(start >= 0 ? start + 7 : 0, close), rest: text.slice(close + 8) };
  }
  if (open >= 0) return { before: text.slice(0, open), thought: text.slice(open + 7), rest: '' };
  return { before: '', thought: null, rest: text };
}
