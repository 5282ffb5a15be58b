import { type AuditLog, Assistants, type Client, ClientKeys } from '@b24/access';
import type { GrantStore } from '@b24/grants';
import { type Clock, Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sourceOf } from '../../http/source-address';
import type { Throttle } from '../../http/throttle';
import type { ConsoleAuth } from '../console/console-auth';
import type { BrowserCookie } from '../pages/browser-cookie';
import { type ConsentRequest, type GivenFields, textIn, wrong } from './consent-request';
import { showConsentPage } from './consent-door';
import { askConsentPage, askKeyPage, chooseClientPage, maxNamedPortals, returnPage } from './consent-pages';
import type { ConsentTicket, ConsentTickets } from './consent-tickets';

/** Clients that the page of an administrator offers. */
const maxOfferedClients = 500;
const notForAssistants = 'An administrator’s key is not for assistants: create a client with the scopes that it needs.';

export interface ConsentsOptions {
  readonly keys: ClientKeys;
  readonly assistants: Assistants;
  readonly tickets: ConsentTickets;
  readonly cookie: BrowserCookie;
  readonly console: ConsoleAuth;
  readonly store: Pick<GrantStore, 'loadCached'>;
  readonly throttle: Throttle;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Identifies the gateway in answers (RFC 9207). */
  readonly issuer: string;
}

/** One step of a consent. */
interface ConsentStep extends ConsentTicket {
  readonly exchange: { readonly request: FastifyRequest; readonly reply: FastifyReply };
  readonly browser: string;
}

/** Asks people whether an app may act as a key of theirs: first which key, then whether its rights are meant. */
export class Consents {
  constructor(private readonly parts: ConsentsOptions) {}

  /** Shows the first page. */
  begin(request: ConsentRequest, exchange: ConsentStep['exchange']): void {
    const { cookie } = this.parts;
    const browser = cookie.of(exchange.request) ?? cookie.made();
    void exchange.reply.header('Set-Cookie', cookie.header(browser));
    this.askKey({ request, exchange, browser });
  }

  /** Takes a form of one of the pages. @throws Fault */
  async take(form: GivenFields, exchange: ConsentStep['exchange']): Promise<void> {
    const browser = this.parts.cookie.of(exchange.request);
    const ticket = this.parts.tickets.open(textIn(form, 'ticket'), browser);
    const step: ConsentStep = { ...ticket, exchange, browser: browser ?? '' };
    const [name, key, client] = ['step', 'key', 'client'].map((field) => textIn(form, field));
    if (name === 'refuse') this.goBack(step, { error: 'access_denied' });
    else if (name === 'allow') await this.allow(step);
    else if (name === 'choose') await this.offerClients(step);
    else if (key !== undefined) await this.takeKey(step, key);
    else if (client !== undefined) await this.takeClient(step, client);
    else throw wrong('key', 'Must be a key of this gateway.');
  }

  private askKey(step: ConsentStep, mistake?: string): void {
    this.show(step, mistake ? 400 : 200, (form) => askKeyPage(form, mistake));
  }

  private async takeKey(step: ConsentStep, key: string): Promise<void> {
    const { keys, throttle } = this.parts;
    const digest = keys.digestOf(key);
    const client = await keys.clientOfDigest(digest);
    if (!client) {
      throttle.wrongKey(step.exchange.request);
      this.askKey(step, 'This key is not known here, or it has expired.');
    } else if (client.scopes.includes('admin')) this.askKey(step, notForAssistants);
    else await this.askConsent({ ...step, keyDigest: digest.toString('hex'), allowedBy: client.id }, client);
  }

  private async offerClients(step: ConsentStep): Promise<void> {
    await this.parts.console.authenticateForm(step.exchange.request);
    const clients = (await this.parts.keys.list()).filter(({ scopes }) => !scopes.includes('admin'));
    this.show(step, 200, (form) => chooseClientPage(form, clients.slice(0, maxOfferedClients)));
  }

  private async takeClient(step: ConsentStep, id: string): Promise<void> {
    const { id: allowedBy } = await this.parts.console.authenticateForm(step.exchange.request);
    const keyDigest = await this.parts.keys.digestOfClient(id);
    const client = keyDigest && (await this.clientOf(keyDigest));
    if (!client) throw new Fault('client_not_found');
    if (client.scopes.includes('admin')) throw new Fault('not_allowed', { detail: notForAssistants });
    await this.askConsent({ ...step, keyDigest, allowedBy }, client);
  }

  private async askConsent(step: ConsentStep, client: Client): Promise<void> {
    const portals = client.portals === 'all' ? [] : client.portals.slice(0, maxNamedPortals);
    const records = await Promise.all(portals.map((portal) => this.parts.store.loadCached(portal)));
    const domains = records.map((record, i) => record?.domain ?? portals[i] ?? '');
    this.show(step, 200, (form) => askConsentPage(form, { client, domains }));
  }

  private async allow(step: ConsentStep): Promise<void> {
    const { keyDigest, request } = step;
    const client = keyDigest && (await this.clientOf(keyDigest));
    if (!client) {
      this.askKey(step, 'This key has ended meanwhile.');
      return;
    }
    const { name, redirectUri, challenge, clientId: registration } = request;
    const { assistant, code } = await this.parts.assistants.connect({
      ...{ name, redirectUri, challenge, registration, client, keyDigest },
      host: new URL(redirectUri).host,
    });
    this.record(step, client, { clientId: client.id, assistantId: assistant.id, assistant: name });
    this.goBack(step, { code });
  }

  private clientOf(keyDigest: string): Promise<Client | undefined> {
    return this.parts.keys.clientOfDigest(Buffer.from(keyDigest, 'hex'));
  }

  private record({ allowedBy, exchange: { request } }: ConsentStep, client: Client, ids: Record<string, string>): void {
    const isOwn = allowedBy === client.id;
    const actor = { actor: allowedBy ?? client.id, ...(isOwn && { name: client.name }), source: sourceOf(request) };
    const entry = { action: 'connectAssistant', status: 200, outcome: 'done', requestId: request.id } as const;
    this.parts.audit.record({ ...actor, ...entry, atMs: this.parts.clock.now(), ids });
  }

  private show(step: ConsentStep, status: number, page: (form: Parameters<typeof askKeyPage>[0]) => string): void {
    const { request, keyDigest, allowedBy, browser } = step;
    const known = { request, ...(keyDigest && { keyDigest }), ...(allowedBy && { allowedBy }) };
    const ticket = this.parts.tickets.issue(known, browser);
    showConsentPage(step.exchange.reply, status, (nonce) => page({ nonce, request, ticket }));
  }

  /** Leads the browser to the app, with the answer (RFC 6749, section 4.1.2; RFC 9207). */
  private goBack({ request, exchange }: ConsentStep, answer: Readonly<Record<string, string>>): void {
    const url = new URL(request.redirectUri);
    const { state } = request;
    const fields = { ...answer, ...(state !== undefined && { state }), iss: this.parts.issuer };
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    showConsentPage(exchange.reply, 200, (nonce) => returnPage(nonce, request, url.href, 'code' in answer));
  }
}
