import { randomBytes } from 'node:crypto';
import type { PortalApp, SimulatedPortal } from '../../apps/portal-simulator/src';
import type { HttpClient } from './gateway';

interface Addresses {
  readonly install: string;
  readonly handler: string;
  readonly installation: string;
  readonly events: string;
}

/** A local app of one portal, registered at the gateway; its addresses lead to where the client is. */
export class RegisteredApp {
  private constructor(
    readonly id: string,
    readonly urls: Addresses,
    /** The app on the portal. */
    readonly there: PortalApp,
    private readonly card: { clientId: string; clientSecret: string; callbackUrl: string | undefined },
  ) {}

  static async register(client: HttpClient, portal: SimulatedPortal, name = 'local'): Promise<RegisteredApp> {
    const clientId = `local.${randomBytes(7).toString('hex')}`;
    const clientSecret = randomBytes(25).toString('hex');
    const card = { clientId, clientSecret, scope: ['task'], callbackUrl: undefined as string | undefined };
    const there = portal.addApp(card);
    const made = await client.call('POST', '/v1/apps', { name, clientId, clientSecret });
    if (made.status !== 201) throw new Error(`The app was not registered: ${JSON.stringify(made.body)}`);
    const { id, urls } = made.body as { id: string; urls: Record<keyof Addresses, string> };
    const here = ([of, url]: [string, string]) => [of, `${client.url}${new URL(url).pathname}`];
    const addresses = Object.fromEntries(Object.entries(urls).map(here)) as unknown as Addresses;
    card.callbackUrl = addresses.handler;
    return new RegisteredApp(id, addresses, there, card);
  }

  get clientId(): string {
    return this.card.clientId;
  }

  get clientSecret(): string {
    return this.card.clientSecret;
  }

  /** The vendor makes another secret; the one before ends at once. */
  rotateAtVendor(secret = randomBytes(25).toString('hex')): string {
    this.card.clientSecret = secret;
    return secret;
  }
}
