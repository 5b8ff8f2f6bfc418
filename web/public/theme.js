// Before the first paint, so that a dark page does not begin as a light one. lib/store.ts takes it from here.
(() => {
  let wanted = null;
  try { wanted = localStorage.getItem('hone-theme'); } catch { /* private */ }
  const dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
