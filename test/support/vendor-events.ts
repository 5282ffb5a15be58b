import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, eventually, type World } from './gateway';
import { memoryOf } from './redis-memory';

export interface PostedEvent {
  readonly contentType: string;
  readonly body: string;
}

/** Posts events as the vendor does, and looks whether a refused one changed anything. */
export class VendorEvents {
  constructor(
    private readonly world: World,
    private readonly client: HttpClient,
  ) {}

  async post(
    { contentType, body }: PostedEvent,
    to = `${this.client.url}/bitrix24/events`,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = { 'content-type': contentType };
    const response = await fetch(to, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async refusedAtOnce(event: PostedEvent, status: number, to?: string): Promise<void> {
    const before = await this.memoryWithoutInbox();
    expect(await this.post(event, to)).toMatchObject({ status, body: { status, code: expect.any(String) } });
    expect(await memoryOf(this.world.redis)).toEqual(before);
  }

  /** An install event is answered before it is verified; this waits for the verdict. */
  async refusedLater(event: PostedEvent, to?: string): Promise<void> {
    const before = await this.memoryWithoutInbox();
    const count = this.logged('install not taken');
    expect(await this.post(event, to)).toEqual({ status: 200, body: { received: true } });
    await eventually(() => this.logged('install not taken') > count);
    expect(await memoryOf(this.world.redis)).toEqual(before);
  }

  /** An event that was delivered before is removed from the inbox some time after its effect is seen. */
  private async memoryWithoutInbox(): Promise<Record<string, string>> {
    let memory: Record<string, string> = {};
    await eventually(async () => {
      memory = await memoryOf(this.world.redis);
      return !Object.keys(memory).some((name) => name.startsWith('b24:{inbox}:'));
    });
    return memory;
  }

  /** How many lines of the log hold all of these. */
  logged(...words: string[]): number {
    return this.world.logLines.filter((line) => words.every((word) => line.includes(word))).length;
  }

  call({ memberId }: SimulatedPortal) {
    return this.client.get(`/v1/portals/${memberId}/backlogs/fields`);
  }

  async installed(portal: SimulatedPortal): Promise<void> {
    await eventually(async () => (await this.call(portal)).status === 200);
  }

  async install(portal: SimulatedPortal): Promise<void> {
    await this.post(portal.installEvent());
    await this.installed(portal);
  }
}
