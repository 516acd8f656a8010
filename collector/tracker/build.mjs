// Builds dist/ and holds the script to its budget; with --check, compares dist/ with a fresh build. Types come from tsc.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 4096; // bytes, gzipped
const isCheck = process.argv.includes('--check');

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

function put(name, text) {
  const file = `dist/${name}`;
  if (!isCheck) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) fail(`${file} is not what src/ gives: run make tracker and commit it`);
}

const shared = { bundle: true, minify: true, target: 'es2020', charset: 'utf8', write: false, logLevel: 'warning' };
mkdirSync('dist', { recursive: true });
for (const [name, source, format] of [
  ['growthhouse.js', 'src/script.ts', 'iife'],
  ['index.js', 'src/index.ts', 'esm'],
]) {
  const { outputFiles } = await build({ ...shared, entryPoints: [source], format });
  put(name, outputFiles[0].text);
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`${name}: ${size} bytes gzipped, budget ${BUDGET}`);
  if (size >= BUDGET) fail(`${name} is over its budget`);
}
put('index.d.ts', readFileSync('build/index.d.ts', 'utf8'));
