import { SharedSources } from './shared-sources';

const watched = () => {
  const warned: string[] = [];
  return { warned, sources: new SharedSources((address) => warned.push(address)) };
};
const come = (sources: SharedSources, address: string, count: number) => {
  for (let i = 0; i < count; i++) sources.proven(address, `portal ${i}`);
};

describe('one private address', () => {
  it('that 20 portals or keys came from is reported, once', () => {
    const { sources, warned } = watched();
    come(sources, '172.18.0.1', 19);
    come(sources, '172.18.0.1', 19);
    expect(warned).toEqual([]);
    come(sources, '172.18.0.1', 500);
    expect(warned).toEqual(['172.18.0.1']);
  });

  it('is counted separately from others, and a public one is never reported', () => {
    const { sources, warned } = watched();
    for (let i = 0; i < 100; i++) sources.proven(`10.0.0.${i}`, `portal ${i}`);
    come(sources, '1.1.1.1', 500);
    expect(warned).toEqual([]);
  });

  it('uses bounded memory, however many addresses and names there are', () => {
    const { sources } = watched();
    for (let i = 0; i < 2000; i++) come(sources, `10.1.${i >> 8}.${i & 255}`, 30);
    const { seen } = sources as unknown as { seen: Map<string, Set<string>> };
    expect(seen.size).toBeLessThanOrEqual(200);
    expect(Math.max(...[...seen.values()].map(({ size }) => size))).toBeLessThanOrEqual(20);
  });
});
