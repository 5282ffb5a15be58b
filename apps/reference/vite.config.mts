import { defineConfig } from 'vite';

/** Like the console's: everything under its own address and nothing inline, so that its policy can be strict. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/docs/',
  build: {
    outDir: '../../dist/apps/reference',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    // The first browsers with light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
    // The renderer is one piece, and is wanted whole.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: { index: `${import.meta.dirname}/index.html` } },
  },
});
