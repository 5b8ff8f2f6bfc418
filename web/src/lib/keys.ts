// Keys that pages offer. One key, or two in a row ("g r"). None while a field is being typed in.
import { useEffect, useRef } from 'preact/hooks';

type Action = [what: string, act: () => void];
type Keymap = Record<string, Action>;
const maps: { current: Keymap }[] = [];
let first = '';
let firstAt = 0;

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== 'checkbox' && target.type !== 'range');
}

function find(key: string): Action | undefined {
  for (let i = maps.length - 1; i >= 0; --i) {
    const action = maps[i]?.current[key];
    if (action) return action;
  }
  return undefined;
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (typing(event.target)) {
    if (event.key === 'Escape') (event.target as HTMLElement).blur();
    return;
  }
  // Enter is a focused control's own.
  if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('a[href], button, summary')) return;
  const pair = Date.now() - firstAt < 1200 ? find(`${first} ${event.key}`) : undefined;
  const action = pair ?? find(event.key);
  first = event.key;
  firstAt = Date.now();
  if (!action) return;
  event.preventDefault();
  action[1]();
});

export function useKeys(map: Keymap): void {
  const held = useRef(map);
  held.current = map; // not in an effect: a key that repeats comes before it
  useEffect(() => {
    maps.push(held);
    return () => { maps.splice(maps.indexOf(held), 1); };
  }, []);
}

// What can be pressed now, for the list of keys.
export function actions(): { keys: string[]; what: string }[] {
  const seen = new Map<string, string[]>();
  for (let i = maps.length - 1; i >= 0; --i) {
    for (const [keys, [what]] of Object.entries(maps[i]?.current ?? {})) {
      seen.set(what, [...(seen.get(what) ?? []), keys]);
    }
  }
  return [...seen].map(([what, keys]) => ({ what, keys: keys.flatMap((k) => k.split(' ')) }));
}
