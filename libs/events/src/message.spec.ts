import { portalId, Scrubber, Secret } from '@b24/portal';
import { messageOf, type PortalEvent } from './message';

const event: PortalEvent = {
  event: 'ONTASKADD',
  portal: { memberId: portalId('a'.repeat(32)), domain: 'acme.bitrix24.de' },
  receivedAtMs: 0,
  ts: 1,
  data: { FIELDS_AFTER: { ID: '1', TITLE: 'x' } },
};
const idOf = (changes: Partial<PortalEvent>) => messageOf({ ...event, ...changes }, Scrubber.of([])).id;

describe('a message', () => {
  it('has an id that depends on its content only, not on when it came or on the order of its fields', () => {
    const id = idOf({});
    expect(id).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(idOf({ receivedAtMs: 5, data: { FIELDS_AFTER: { TITLE: 'x', ID: '1' } } })).toBe(id);
    const others = [{ ts: 2 }, { event: 'ONTASKUPDATE' }, { data: {} }, { data: { FIELDS_AFTER: { ID: '1x' } } }];
    expect(new Set([id, ...others.map(idOf)]).size).toBe(5);
  });

  it('contains no secret, neither under a name at any depth nor as a value', () => {
    const data = {
      auth: { x: '1' },
      a: { ACCESS_TOKEN: '2', b: { refresh_token: '3', client_secret: '4', TITLE: 'about token-value here' } },
      AUTHOR_ID: '5',
    };
    expect(messageOf({ ...event, data }, Scrubber.of([new Secret('token-value')])).data).toEqual({
      a: { b: { TITLE: 'about [secret] here' } },
      AUTHOR_ID: '5',
    });
  });

  it('contains no encoded secret either, in its data, in their names or in its own name', () => {
    const secret = 'a'.repeat(16) + 'b'.repeat(16);
    const hidden = Buffer.from(`x${secret}`).toString('base64');
    const reported = {
      ...event,
      event: secret.toUpperCase(),
      data: { [hidden]: { LINK: encodeURIComponent(hidden) } },
    };
    const { event: name, data } = messageOf(reported, Scrubber.of([new Secret(secret)]));
    expect({ name, data }).toEqual({ name: '[secret]', data: { '[secret]': { LINK: '[secret]' } } });
  });
});
