// Small parts that every page uses.
import type { ComponentChildren } from 'preact';
import type { ApiError, RunInfo } from '../lib/api';

const kStates: Record<RunInfo['state'], string> = {
  running: 'running', finished: 'finished', stopped: 'stopped', failed: 'failed', interrupted: 'interrupted',
  starting: 'starting', empty: 'nothing recorded', broken: 'does not read',
};
const kStateTitles: Partial<Record<RunInfo['state'], string>> = {
  stopped: 'Stopped on request; hone train --resume goes on',
  interrupted: 'Its process ended without a word; hone train --resume goes on from the last checkpoint',
  broken: 'Its run.db does not read',
};

export function State({ state }: { state: RunInfo['state'] }) {
  return <span class={`state ${state}`} title={kStateTitles[state]}><span class="dot" />{kStates[state]}</span>;
}

const kPictures: Record<string, string> = {
  empty: 'M8 40h48M14 40V18h36v22M22 26h20M22 32h12',
  cut: 'M6 32h18l4-10M58 32H40l-4 10M28 44l8-24',
  lock: 'M18 30h28v20H18zM24 30v-8a8 8 0 0 1 16 0v8M32 38v5',
  broken: 'M14 12h26l10 10v30H14zM40 12v10h10M24 32l16 12M40 32 24 44',
  search: 'M28 12a14 14 0 1 1 0 28 14 14 0 0 1 0-28M39 37l14 14',
};

export function Notice({ title, text, picture = 'empty', slim, children }: {
  title: string; text?: string; picture?: string; slim?: boolean; children?: ComponentChildren;
}) {
  return (
    <div class={slim ? 'notice slim' : 'notice'} role="status">
      {!slim && (
        <svg class="pic" width="64" height="64" viewBox="0 0 64 64" fill="none" stroke="currentColor" stroke-width="2.5"
          stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d={kPictures[picture] ?? kPictures['empty']!} /></svg>
      )}
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}

export function Broken({ error, again, slim }: { error: ApiError; again?: () => void; slim?: boolean }) {
  const title = error.status === 404 ? 'Not found' : error.status === 0 ? 'No answer' : 'This could not be read';
  return (
    <Notice title={title} text={error.message} picture={error.status === 0 ? 'cut' : 'broken'} {...(slim ? { slim } : {})}>
      {again && <button onClick={again}>Try again</button>}
    </Notice>
  );
}

export function Bones({ rows = 6, tall }: { rows?: number; tall?: boolean }) {
  return (
    <div class="bones" role="status" aria-label="loading">
      {Array.from({ length: rows }, () => <div class={tall ? 'bone tall' : 'bone'} />)}
    </div>
  );
}

export function Banner({ text, bad }: { text: string; bad?: boolean }) {
  return <div class={bad ? 'banner bad' : 'banner'} role="status">{text}</div>;
}

// A line without axes, y from 0 to 1.
export function Spark({ values, width = 96, height = 24 }: { values: (number | null)[]; width?: number; height?: number }) {
  const known = values.map((v, i) => [i, v] as const).filter((p): p is readonly [number, number] => p[1] !== null);
  if (known.length === 0) return <span class="soft">–</span>;
  const x = (i: number) => (values.length === 1 ? width / 2 : (i / (values.length - 1)) * width);
  const y = (v: number) => height - 2 - Math.min(1, Math.max(0, v)) * (height - 4);
  const line = known.map(([i, v], n) => `${n ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('');
  const last = known[known.length - 1]!;
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img"
      aria-label={`held-out accuracy from ${Math.round(100 * known[0]![1])} to ${Math.round(100 * last[1])} percent`}>
      {known.length > 1 && <path class="area" d={`${line}L${x(last[0]).toFixed(1)} ${height}L${x(known[0]![0]).toFixed(1)} ${height}Z`} />}
      <path d={line} />
      <circle cx={x(last[0])} cy={y(last[1])} r="2.4" />
    </svg>
  );
}
