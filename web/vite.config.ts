import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

// The licences of what is shipped, beside it.
function licenses(): Plugin {
  return {
    name: 'licenses',
    generateBundle() {
      const shipped = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object }).dependencies);
      const source = shipped.map((name) => {
        const folder = join('node_modules', name);
        const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
        if (!file) throw new Error(`${name} comes without a licence`);
        return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
      }).join(`\n${'-'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
    },
  };
}

export default defineConfig({
  plugins: [woff2Only(), licenses()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2021',
    assetsInlineLimit: 0, // the content security policy lets nothing be inlined
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
});
