/** Returns how completely the records were read, and of the others what is missing. */
export function figuresOf(records) {
  const all = [...records];
  const partly = all.filter(([, { missing, params, result }]) => missing && (params || result));
  const unread = all.filter(([, { missing, params, result }]) => missing && !params && !result);
  const effects = ['read', 'write', 'consuming'].map((it) => [
    it,
    all.filter(([, { effect }]) => effect === it).length,
  ]);
  return {
    methods: all.length,
    complete: all.length - partly.length - unread.length,
    partly,
    unread,
    ...Object.fromEntries(effects),
  };
}

/** Returns the lines of the report. */
export function reportOf({ methods, complete, partly, unread, read, write, consuming }) {
  const share = (count) => `${count} (${((100 * count) / methods).toFixed(1)} %)`;
  return [
    `methods ${methods}`,
    `read completely ${share(complete)}`,
    `read partly ${share(partly.length)}`,
    ...partly.map(([name, { missing }]) => `  ${name}: ${missing.join(', ')}`),
    `not read ${share(unread.length)}`,
    ...unread.map(([name]) => `  ${name}`),
    `effects: ${read} read, ${write} write, ${consuming} consuming`,
  ];
}
