import { systemClock } from '@b24/portal';
import { Keyring } from '@b24/seal';
import { randomBytes } from 'node:crypto';
import { ConsentTickets } from './consent-tickets';
import { type Registration, Registrations, registrationSchema } from './registrations';

const key = (id: string) => ({ id, key: randomBytes(32) });
const [oldKey, newKey] = [key('k1'), key('k2')];
const over = (...keys: [typeof oldKey, ...(typeof oldKey)[]]) => new Keyring(keys).for('client ids');
const app: Registration = { name: 'Planner', redirectUris: ['https://assistant.example/callback'] };
const refused = expect.objectContaining({ code: 'assistant_not_registered' }) as Error;

describe('the client id of an app', () => {
  it('is its registration, which every replica reads', () => {
    expect(new Registrations(over(oldKey)).find(new Registrations(over(oldKey)).register(app))).toEqual(app);
  });

  it('outlives a change of the encryption key, until the old key is removed', () => {
    const id = new Registrations(over(oldKey)).register(app);
    expect(new Registrations(over(newKey, oldKey)).find(id)).toEqual(app);
    expect(() => new Registrations(over(newKey)).find(id)).toThrow(refused);
  });

  it('is nothing that was sealed for something else, or not here', () => {
    const registrations = new Registrations(over(oldKey));
    const consents = new Keyring([oldKey]).for('consents');
    const request = { clientId: '', name: '', redirectUri: '', challenge: '' };
    const ticket = new ConsentTickets(consents, systemClock).issue({ request }, 'client id');
    for (const id of [ticket, undefined, '', 'v2', 'v2.k1.', `v2.k1.${'x'.repeat(10_000)}`])
      expect(() => registrations.find(id)).toThrow(refused);
  });

  it('opens for the largest registration that is taken, and its consent for the longest state', () => {
    const address = `https://assistant.example/${'"'.repeat(400)}`.slice(0, 400);
    const largest = registrationSchema.parse({
      ...{
        client_name: '\u{10ffff}漢'.repeat(100).slice(0, 100),
        redirect_uris: Array.from({ length: 5 }, () => address),
      },
    });
    const clientId = new Registrations(over(oldKey)).register(largest);
    expect(new Registrations(over(oldKey)).find(clientId)).toEqual(largest);
    const tickets = new ConsentTickets(new Keyring([oldKey]).for('consents'), systemClock);
    const request = { clientId, name: largest.name, redirectUri: address, challenge: 'x'.repeat(43) };
    const longest = { request: { ...request, state: '\u0001'.repeat(2000) }, keyDigest: 'f'.repeat(64) };
    expect(tickets.open(tickets.issue(longest, 'a browser'), 'a browser')).toMatchObject(longest);
  });

  it('takes the host for a name, where there is none that can be seen', () => {
    const nameOf = (client_name?: string) =>
      registrationSchema.parse({ client_name, redirect_uris: ['https://assistant.example:8443/x'] }).name;
    expect([nameOf(), nameOf(' \u200b\u202e')]).toEqual(['assistant.example:8443', 'assistant.example:8443']);
    expect(nameOf('a\u2028b\u0000c')).toBe('abc');
  });
});
