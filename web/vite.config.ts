import { defineConfig, type Plugin } from 'vite';

// Every browser that runs this page reads woff2: KaTeX's other two formats of each font stay out of the binary.
function woff2Only(): Plugin {
  return {
    name: 'woff2-only',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('katex') || !id.endsWith('.css')) return null;
      return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(['"](?:woff|truetype)['"]\)/g, '');
    },
  };
}

export default defineConfig({
  plugins: [woff2Only()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2021',
    assetsInlineLimit: 0, // the content security policy lets nothing be inlined
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
});
