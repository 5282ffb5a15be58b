import { Browser, policyOf } from '../support/browser';
import { adminKey, type HttpClient, World } from '../support/gateway';
import { HandClock } from '../support/hand-clock';
import { OauthByHand } from '../support/oauth-by-hand';
import { PersonAtConsent } from '../support/person-at-consent';
import { PublicGateway } from '../support/public-gateway';

const wrongKey = `b24_${'x'.repeat(43)}`;

describe('a person who is asked to connect an assistant', () => {
  let world: World;
  let gateway: PublicGateway;
  let admin: HttpClient;
  let clock: HandClock;
  let wire: OauthByHand;
  let person: PersonAtConsent;

  beforeAll(async () => {
    world = await World.start();
    clock = new HandClock(Date.now());
    gateway = await PublicGateway.start(world, {}, clock);
    admin = gateway.admin;
  });
  beforeEach(async () => {
    // Refills what the address may ask for.
    await clock.advance(150_000);
    wire = new OauthByHand(gateway.url);
    await wire.register();
    person = new PersonAtConsent();
  });
  afterAll(async () => {
    gateway.close();
    await world.stop();
  });

  const keyFor = async (wanted: object = {}) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'], ...wanted });
    return body as { id: string; key: string };
  };
  const assistantsOf = async (id: string) =>
    (await admin.get<{ items: object[] }>(`/v1/clients/${id}/assistants`)).body.items;

  it('sees who asks, where the answer goes, and then what the key allows', async () => {
    const portal = await world.installed(admin);
    const { key } = await keyFor({
      ...{ name: 'Planning team', portals: [portal.memberId], methods: ['crm.*'], ratePerSecond: 3 },
      scopes: ['call', 'scrum:read'],
    });
    const asked = await person.open(wire.consentUrl());
    expect(asked.status).toBe(200);
    for (const text of ['By hand', 'assistant.example', 'nobody has checked it']) expect(asked.html).toContain(text);
    const rights = await person.post({ key });
    expect(rights.status).toBe(200);
    const shown = ['By hand', 'Planning team', portal.domain, 'crm.*', '3 commands a second', '(scrum:read)'];
    for (const text of shown) expect(rights.html).toContain(text);
    expect(rights.html).not.toContain(key);
  });

  it('sees pages that no site may frame, without scripts, whose forms lead to the gateway only', async () => {
    const { key } = await keyFor();
    const pages = [
      await person.open(wire.consentUrl()),
      await person.post({ key: wrongKey }),
      await person.post({ key }),
      await person.post({ step: 'allow' }),
      await person.open(wire.consentUrl({ state: 'x'.repeat(2001) })),
    ];
    for (const page of pages) {
      const policy = policyOf(page);
      expect(policy).toMatchObject({ 'default-src': "'none'", 'frame-ancestors': "'none'", 'form-action': "'self'" });
      expect(policy['style-src']).toMatch(/^'nonce-[\w+/=]+'$/);
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('referrer-policy')).toBe('same-origin');
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.html).not.toMatch(/<script|<[^>]+ on\w+=|<[^>]+ style=/);
    }
    expect(pages.map(({ status }) => status)).toEqual([200, 400, 200, 200, 400]);
  });

  it('sees a name with HTML, hidden or turning characters as plain text', async () => {
    await wire.register({ client_name: '<img src=x onerror=alert(1)>\u202e\u0000\u200bClaude' });
    const { html } = await person.open(wire.consentUrl());
    expect(html).not.toContain('<img');
    expect(html).toContain('&#60;img src=x onerror=alert(1)&#62;Claude');
  });

  it('goes back with a code, the state of the app and the issuer', async () => {
    const back = await person.allow(wire.consentUrl(), (await keyFor()).key);
    expect(`${back.origin}${back.pathname}`).toBe(wire.redirectUri);
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.stringMatching(/^b24code_[\w-]{22}\.[\w-]{43}$/),
      ...{ state: 'x y&z', iss: gateway.url },
    });
  });

  it('refuses, and the app gets that and nothing else', async () => {
    const { id, key } = await keyFor();
    await person.open(wire.consentUrl());
    await person.post({ key });
    await person.post({ step: 'refuse' });
    expect(Object.fromEntries(person.returned.searchParams)).toEqual({
      ...{ error: 'access_denied', state: 'x y&z', iss: gateway.url },
    });
    expect(await assistantsOf(id)).toEqual([]);
  });

  it('can not use the key of an administrator', async () => {
    const { key } = await keyFor({ scopes: ['admin'] });
    for (const powerful of [adminKey, key]) {
      await person.open(wire.consentUrl());
      const { status, html } = await person.post({ key: powerful });
      expect([status, html]).toEqual([400, expect.stringContaining('not for assistants')]);
    }
  });

  it('can not allow what no key was entered for, or what ended meanwhile', async () => {
    await person.open(wire.consentUrl());
    expect((await person.post({ step: 'allow' })).html).toContain('has ended meanwhile');
    const { id, key } = await keyFor();
    await person.open(wire.consentUrl());
    await person.post({ key });
    await admin.call('DELETE', `/v1/clients/${id}`);
    expect((await person.post({ step: 'allow' })).html).toContain('has ended meanwhile');
  });

  it('can connect twenty assistants to a client, and another once one has ended', async () => {
    const { id, key } = await keyFor();
    for (let i = 0; i < 20; i++) await wire.exchange(await wire.code(key));
    const refused = await wire.code(key, person).catch(() => person.page);
    expect(refused).toMatchObject({ status: 409, html: expect.stringContaining('too_many_assistants') });
    const [first] = (await assistantsOf(id)) as { id: string }[];
    await admin.call('DELETE', `/v1/clients/${id}/assistants/${first?.id}`);
    expect(await wire.code(key)).toMatch(/^b24code_/);
  }, 60_000);

  describe('and guesses keys', () => {
    it('is throttled by address as at the API, while a right key still passes', async () => {
      await person.open(wire.consentUrl());
      const statuses: number[] = [];
      for (let i = 0; i < 31; i++) {
        const { form } = person;
        statuses.push((await person.post({ key: `b24_${String(i).padStart(43, 'x')}` })).status);
        if (statuses.at(-1) === 429) await person.open(wire.consentUrl());
        else expect(form.fields['ticket']).not.toBe(person.form.fields['ticket']);
      }
      expect(statuses).toEqual([...Array.from({ length: 30 }, () => 400), 429]);
      expect((await admin.get('/v1/clients', { Authorization: `Bearer ${wrongKey}` })).body.code).toBe(
        'too_many_attempts',
      );
      const { key } = await keyFor();
      expect((await person.post({ key })).status).toBe(200);
    });
  });

  describe('whose form another site posts', () => {
    it.each<[how: string, headers: Record<string, string>]>([
      ['from its origin', { Origin: 'https://evil.example' }],
      ['from an origin that hides', { Origin: 'null' }],
      ['across sites', { 'Sec-Fetch-Site': 'cross-site' }],
      ['from a sibling domain', { 'Sec-Fetch-Site': 'same-site' }],
    ])('is not taken: %s', async (_how, headers) => {
      const { id, key } = await keyFor();
      await person.open(wire.consentUrl());
      await person.post({ key });
      const refused = await person.post({ step: 'allow' }, headers);
      expect([refused.status, refused.html]).toEqual([403, expect.stringContaining('not_allowed')]);
      expect(await assistantsOf(id)).toEqual([]);
    });

    it('is not taken with the ticket of the attacker’s own browser, or with none', async () => {
      const attacker = new PersonAtConsent();
      await attacker.open(wire.consentUrl());
      await attacker.post({ key: (await keyFor()).key });
      const { ticket = '' } = attacker.form.fields;
      await person.open(wire.consentUrl());
      for (const planted of [ticket, `${person.form.fields['ticket']}x`, 'v2.k1.x', '']) {
        await person.open(wire.consentUrl());
        const refused = await person.post({ ticket: planted, step: 'allow' });
        expect([refused.status, refused.html]).toEqual([403, expect.stringContaining('state_invalid')]);
      }
      const form = new URLSearchParams({ ticket, step: 'allow' });
      const bare = await new Browser().open(`${gateway.url}/assistants/authorize`, { method: 'POST', body: form });
      expect(bare.status).toBe(403);
    });

    it('is not taken ten minutes after its page was opened', async () => {
      await person.open(wire.consentUrl());
      await clock.advance(10 * 60_000);
      const refused = await person.post({ key: (await keyFor()).key });
      expect([refused.status, refused.html]).toEqual([403, expect.stringContaining('older than ten minutes')]);
    });
  });

  describe('and is signed in at the console as an administrator', () => {
    const signedIn = async (key = adminKey) => {
      const headers = { 'Content-Type': 'application/json', 'X-Console': '1' };
      const browser = new Browser();
      await browser.open(`${gateway.url}/console/session`, { method: 'POST', headers, body: JSON.stringify({ key }) });
      return new PersonAtConsent(browser);
    };

    it('chooses a client without its key, and the audit log names who allowed it', async () => {
      const { id } = await keyFor({ name: 'chosen' });
      const operator = await keyFor({ name: 'operator', scopes: ['admin'] });
      person = await signedIn(operator.key);
      await person.open(wire.consentUrl());
      const choice = await person.post({ step: 'choose' });
      expect(choice.html).toContain(`<option value="${id}">chosen (${id})</option>`);
      expect(choice.html).not.toContain(operator.id);
      expect((await person.post({ client: operator.id })).status).toBe(403);
      await person.open(wire.consentUrl());
      await person.post({ step: 'choose' });
      expect((await person.post({ client: id })).html).toContain('chosen');
      await person.post({ step: 'allow' });
      const { body } = await wire.exchange(person.returned.searchParams.get('code') ?? '');
      expect(await wire.enters(body['access_token'] ?? '')).toBe('200');
      const { body: audit } = await admin.get<{ items: { action: string }[] }>(`/v1/audit?client=${operator.id}`);
      expect(audit.items).toContainEqual(
        expect.objectContaining({ action: 'connectAssistant', ids: expect.objectContaining({ clientId: id }) }),
      );
    });

    it('is asked for a key where nobody is signed in', async () => {
      const { id } = await keyFor();
      for (const forged of [{ step: 'choose' }, { client: id }]) {
        await person.open(wire.consentUrl());
        const refused = await person.post(forged);
        expect([refused.status, refused.html]).toEqual([401, expect.stringContaining('session_ended')]);
      }
    });
  });
});
