import { Counter, Registry } from 'prom-client';
import { Tally } from './tally';

const about = { name: 'b24_test_total', help: 'Counts.', labelNames: ['method', 'route', 'status'] as const };

describe('a tally', () => {
  it('is exposed exactly as a counter of prom-client, at every reading', async () => {
    const [ours, library] = [new Registry(), new Registry()];
    const tally = new Tally({ ...about, registers: [ours] });
    const counter = new Counter({ ...about, registers: [library] });
    expect(await ours.metrics()).toBe(await library.metrics());
    const count = (method: string, route: string, status: number) => {
      tally.count(method, route, status);
      counter.inc({ method, route, status });
    };
    count('GET', '/v1/portals', 200);
    count('GET', '/v1/portals', 200);
    expect(await ours.metrics()).toBe(await library.metrics());
    count('GET', '/v1/portals', 404);
    count('GET', '/"quoted"', 200);
    count('POST', '/v1/portals', 200);
    count('GET', '/v1/portals', 200);
    const sorted = (text: string) => text.split('\n').sort();
    expect(sorted(await ours.metrics())).toEqual(sorted(await library.metrics()));
    expect(await ours.metrics()).toContain('b24_test_total{method="GET",route="/v1/portals",status="200"} 3');
  });
});
