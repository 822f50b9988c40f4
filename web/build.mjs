// Bundles the page into dist/: one script, one style sheet, one HTML file. The binary embeds all three.
// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await mkdir('dist/assets', { recursive: true });
await build({
  entryPoints: { app: 'src/main.tsx', style: 'src/style.css' },
  outdir: 'dist/assets',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'ascii', // the script is inlined into report.html
  legalComments: 'eof',
  jsx: 'automatic',
  jsxImportSource: 'preact',
});
await copyFile('src/index.html', 'dist/index.html');
