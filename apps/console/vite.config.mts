import { defineConfig } from 'vite';

/** Everything the console needs is in its own folder under its own address; nothing is inline, so that its policy can be strict. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/apps/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    // The first browsers with light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
    rolldownOptions: { input: { index: `${import.meta.dirname}/index.html` } },
  },
});
