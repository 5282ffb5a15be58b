import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { EventTarget } from '../support/event-target';
import { ForwardClock } from '../support/forward-clock';
import { type HttpClient, eventually, World } from '../support/gateway';
import { freePort } from '../support/redis-server';

const wide = { burst: 1000, drainPerSecond: 100 };

describe('what portals are asked to send', () => {
  let world: World;
  let client: HttpClient;
  let target: EventTarget;
  let portal: SimulatedPortal;
  const clock = new ForwardClock();

  const bound = (it = portal) => it.boundEvents.map(({ event }) => event).sort();
  const subscribe = async (events: unknown, portals: unknown = 'all'): Promise<string> => {
    const { body } = await client.call('POST', '/v1/subscriptions', { url: target.url, events, portals });
    return body.id as string;
  };
  const details = async (id: string) => (await client.get(`/v1/subscriptions/${id}`)).body.bindings;

  beforeEach(async () => {
    const port = `${await freePort()}`;
    [world, target] = await Promise.all([World.start(), EventTarget.listen()]);
    const limits = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
    client = await world.gateway({ PORT: port, EVENT_TARGET_HOSTS: '127.0.0.0/8:*', ...limits }, clock);
    portal = await world.installed(client, wide);
  });
  afterEach(async () => {
    await world.stop();
    await target.stop();
  });

  it('is what a subscription names, so that what happens there arrives', async () => {
    await subscribe(['ONTASKADD']);
    await eventually(() => bound().length > 0);
    expect(portal.boundEvents).toEqual([{ event: 'ONTASKADD', handler: `${client.url}/bitrix24/events` }]);
    expect(await portal.happen('ONTASKADD', { 'FIELDS_AFTER][ID': '9' })).toMatchObject([{ status: 200 }]);
    await eventually(() => target.messages.some(({ event }) => event === 'ONTASKADD'));
  });

  it('is what a pattern means there, and no more when nobody wants it any longer', async () => {
    const comments = await subscribe(['ONTASKCOMMENT*']);
    const adds = await subscribe(['ONTASKADD']);
    await eventually(() => bound().length === 4);
    expect(bound()).toEqual(['ONTASKADD', 'ONTASKCOMMENTADD', 'ONTASKCOMMENTDELETE', 'ONTASKCOMMENTUPDATE']);
    await client.call('PATCH', `/v1/subscriptions/${adds}`, { events: ['ONTASKDELETE'] });
    await eventually(() => bound().includes('ONTASKDELETE') && !bound().includes('ONTASKADD'));
    await client.call('DELETE', `/v1/subscriptions/${comments}`);
    await eventually(() => bound().length === 1);
    await client.call('DELETE', `/v1/subscriptions/${adds}`);
    await eventually(() => bound().length === 0);
  });

  it('is asked of a portal that comes later, and of one that is installed again', async () => {
    await subscribe(['ONTASKADD']);
    await eventually(() => bound().length === 1);
    const later = await world.installed(client, wide);
    await eventually(() => bound(later).length === 1);
    portal.uninstall();
    await portal.sendInstallEvent(`${client.url}/bitrix24/events`);
    await eventually(() => bound().length === 1);
  });

  it('is not asked of portals that nobody wants events of, nor twice where it is so already', async () => {
    const other = await world.installed(client, wide);
    const id = await subscribe(['ONTASKADD'], [portal.memberId]);
    await eventually(async () => (await details(id)).portals === 1);
    await client.call('PATCH', `/v1/subscriptions/${id}`, { events: ['ONTASKADD'] });
    const second = await subscribe(['ONTASKADD', 'ONTASKDELETE'], [portal.memberId]);
    await eventually(() => bound().length === 2);
    const asked = portal.requests.filter(({ method }) => method === 'event.bind');
    expect(asked.map(({ params }) => params['event'])).toEqual(['ONTASKADD', 'ONTASKDELETE']);
    expect(other.requests.filter(({ method }) => method.startsWith('event'))).toEqual([]);
    expect(await details(second)).toEqual({ portals: 1, failing: [], refused: [] });
  });

  it('is told where it can not be so: an event that a portal does not know, a portal that is down', async () => {
    const id = await subscribe(['ONCRMDEALADD', 'ONTASKADD']);
    await eventually(async () => (await details(id)).refused.length === 1);
    expect(bound()).toEqual(['ONTASKADD']);
    expect(await details(id)).toEqual({
      portals: 1,
      failing: [],
      refused: [{ portal: portal.memberId, events: ['ONCRMDEALADD'] }],
    });
    portal.faults.next('PAYMENT_REQUIRED', { times: 1 });
    await client.call('PATCH', `/v1/subscriptions/${id}`, { events: ['ONTASKDELETE'] });
    await eventually(async () => (await details(id)).failing.length === 1);
    expect((await details(id)).failing).toEqual([{ portal: portal.memberId, code: 'portal_payment_required' }]);
    // Its grant is tried again after a while, and so is this.
    await eventually(() => {
      clock.jump(3_600_000);
      return bound().includes('ONTASKDELETE');
    });
  });

  it('is nothing of a portal that is here by webhook', async () => {
    const hooked = await world.simulator.addPortal(wide);
    await client.call('POST', '/v1/portals', { webhookUrl: hooked.webhookUrl() });
    const { body } = await client.get<{ items: { memberId: string; kind: string }[] }>('/v1/portals');
    const webhook = body.items.find(({ kind }) => kind === 'webhook')?.memberId;
    const id = await subscribe(['ONTASKADD'], [webhook, portal.memberId]);
    await eventually(async () => (await details(id)).portals === 1);
    expect(hooked.requests.filter(({ method }) => method.startsWith('event'))).toEqual([]);
  });
});
