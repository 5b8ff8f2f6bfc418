// Numbers and times as people read them.

export function percent(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : `${(100 * value).toFixed(digits)} %`;
}

const kUnits: [number, string][] = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  for (const [unit, name] of kUnits) {
    if (size < 0.9995 * unit || size < 9999.5) continue;
    const times = value / unit;
    return `${Math.abs(times) < 999.5 ? trim(times.toPrecision(3)) : Math.round(times).toLocaleString('en')}${name}`.replace('-', '−');
  }
  if (size < 1e-3) return value.toExponential(1).replace('e-', 'e−').replace('-', '−');
  return trim(value.toPrecision(4)).replace('-', '−');
}
const trim = (text: string): string => (text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text);

export function signed(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return `${value > 0 ? '+' : value < 0 ? '−' : '±'}${Math.abs(value).toFixed(digits)}`;
}

export function ago(seconds: number | undefined, now = Date.now() / 1000): string {
  if (!seconds) return '–';
  const past = Math.max(0, now - seconds);
  if (past < 5) return 'now';
  if (past < 60) return `${Math.floor(past)} s ago`;
  if (past < 3600) return `${Math.floor(past / 60)} min ago`;
  if (past < 86400) return `${Math.floor(past / 3600)} h ago`;
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

// Names as one text: with them commas are not the end of a name.
export const joined = (names: string[]): string => names.map(encodeURIComponent).join(',');
export const parted = (text: string | null): string[] => (text ?? '').split(',').filter(Boolean).map((part) => {
  try { return decodeURIComponent(part); } catch { return part; }
});
