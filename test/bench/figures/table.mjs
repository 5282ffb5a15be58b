import { pathToFileURL } from 'node:url';

/** Prints rows as a table that can be pasted into docs/performance.md. */
export function show(title, rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names, ...rows.map((row) => names.map((name) => `${row[name] ?? ''}`))];
  const widths = names.map((_, i) => Math.max(3, ...lines.map((line) => line[i].length)));
  const shown = lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  console.log(`\n${title}\n\n${[shown[0], rule, ...shown.slice(1)].join('\n')}`);
}

/** A number as it is shown: so many digits behind the point, a dash where it could not be measured. */
export function rounded(value, digits = 2) {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

/** A parameter of the benchmarks, by the environment. */
export function parameter(name, usual) {
  return Number(process.env[name] ?? usual);
}

/** Runs a benchmark whose file is the program. */
export async function runAlone(fileUrl, benchmark) {
  if (fileUrl !== pathToFileURL(process.argv[1]).href) return;
  await runBenchmark(benchmark);
  // The SDK's callers can't be called off.
  process.exit();
}

export async function runBenchmark(benchmark) {
  const startedAt = Date.now();
  const rows = await benchmark();
  show(`${benchmark.name}, ${Math.round((Date.now() - startedAt) / 1000)} s`, rows);
}
