// A run's recipe, and how it differs from those of other runs.
import { useState } from 'preact/hooks';
import { useLoad } from '../lib/load';

function Difference({ run, other }: { run: string; other: string }) {
  const { data, error, again } = useLoad<{ differences: string[] }>('/api/compare', { run, with: other });
  return (
    <div class="sheet pad">
      <h3 style={{ marginBottom: '0.4rem' }}>{run} → {other}</h3>
      {error && <p class="bad">{error.message} <button onClick={again}>Try again</button></p>}
      {data?.differences.length === 0 && <p class="soft">The recipes are equal.</p>}
      <div class="difference mono">
        {data?.differences.map((line) => {
          const [, key = line, value = ''] = /^([^:]+): ([\s\S]*)$/.exec(line) ?? [];
          return <><b>{key}</b><span style={{ overflowWrap: 'anywhere' }}>{value.replace(' -> ', ' → ')}</span></>;
        })}
      </div>
    </div>
  );
}

export function RecipeSheet({ run, others, text }: { run: string; others: string[]; text: string | null }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <div class="bar">
        <h2>Recipe</h2>
        <button onClick={() => setOpen(!open)} aria-expanded={open} disabled={text === null}>{text === null ? 'not there' : open ? 'Hide' : 'Show'}</button>
      </div>
      {others.length > 0 && <div class="charts" style={{ marginBottom: '0.8rem' }}>{others.map((o) => <Difference key={o} run={run} other={o} />)}</div>}
      {open && text !== null && <div class="sheet"><pre class="recipe" tabIndex={0}>{text}</pre></div>}
    </>
  );
}
