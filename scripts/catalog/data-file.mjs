/** Returns the text of the data file: the source, and one method a line, in the order of their names. */
export function dataFileOf(source, records) {
  const sorted = [...records].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const lines = sorted.map(([name, record]) => `${JSON.stringify(name)}:${JSON.stringify(record)}`);
  return `{\n"source":${JSON.stringify(source)},\n"methods":{\n${lines.join(',\n')}\n}\n}\n`;
}
