import { type EndpointRules, PortalHosts } from '@b24/grants';
import { readEvent, readFrame } from './claims';

const rules: EndpointRules = { hosts: new PortalHosts(['*.bitrix24.de']), allowHttp: false };
const memberId = 'a223c6b3710f85df22e9377d6c4f7553';
const auth = {
  access_token: 'access-token',
  refresh_token: 'refresh-token',
  member_id: memberId,
  domain: 'acme.bitrix24.de',
  server_endpoint: 'https://oauth.bitrix.info/rest/',
  application_token: 'application-token',
};
const install = (changes: object = {}) => ({ event: 'ONAPPINSTALL', auth: { ...auth, ...changes } });
const frame = { AUTH_ID: 'access-token', REFRESH_ID: 'refresh-token', member_id: memberId };
const wrongTexts = [undefined, null, '', 7, true, ['access-token'], { x: 'access-token' }];

describe('the claim of an event', () => {
  it('is an install with its tokens, which stay hidden when it is printed', () => {
    const event = readEvent(install(), rules);
    expect(JSON.stringify(event)).not.toContain('-token');
    if (event.kind !== 'install') throw new Error('not an install');
    const { claim } = event;
    expect(claim).toMatchObject({ memberId, oauthServer: auth.server_endpoint });
    const tokens = [claim.accessToken, claim.refreshToken, claim.applicationToken].map((it) => it?.reveal());
    expect(tokens).toEqual(['access-token', 'refresh-token', 'application-token']);
  });

  it('may leave out the application token and the server', () => {
    const event = readEvent(install({ application_token: undefined, server_endpoint: undefined }), rules);
    expect(event.kind === 'install' && Object.keys(event.claim).sort()).toEqual([
      'accessToken',
      'memberId',
      'refreshToken',
    ]);
  });

  it.each(['access_token', 'refresh_token', 'member_id', 'domain'])(
    'is refused without a %s that is a text',
    (name) => {
      for (const wrong of wrongTexts)
        expect(() => readEvent(install({ [name]: wrong }), rules)).toThrow(expect.objectContaining({ status: 400 }));
    },
  );

  it('is refused with a member id that is not 32 hex digits', () => {
    for (const wrong of [`${memberId}0`, memberId.slice(1), `${memberId.slice(1)}g`, `${memberId}\n`, ` ${memberId}`])
      expect(() => readEvent(install({ member_id: wrong }), rules)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
  });

  it('is refused when it names a host that is not allowed', () => {
    for (const domain of [
      'acme.bitrix24.de.evil.example',
      'evil.example',
      'bitrix24.de',
      'a.b.bitrix24.de',
      'x@acme.bitrix24.de',
    ])
      expect(() => readEvent(install({ domain }), rules)).toThrow(expect.objectContaining({ code: 'event_refused' }));
  });

  it('is never an install without tokens, whatever its other fields are', () => {
    const { member_id, application_token } = auth;
    expect(() => readEvent({ event: 'ONAPPINSTALL', auth: { member_id, application_token } }, rules)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });

  it('is another event with the token that authenticates it', () => {
    const event = readEvent(
      {
        event: 'ONAPPUNINSTALL',
        data: { CLEAN: '1' },
        auth: { member_id: memberId, application_token: 'application-token' },
      },
      rules,
    );
    expect(event).toMatchObject({ kind: 'other', event: { event: 'ONAPPUNINSTALL', memberId, data: { CLEAN: '1' } } });
    expect(event.kind === 'other' && event.event.applicationToken.reveal()).toBe('application-token');
  });

  it('is refused if it contains nothing that authenticates it', () => {
    for (const form of [
      {},
      { event: 'X' },
      { event: 'X', auth: 'text' },
      { event: 'X', auth: { member_id: memberId } },
      { event: '<b>', auth },
    ])
      expect(() => readEvent(form, rules)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('the claim of the page in the frame', () => {
  it('is an install with its tokens', () => {
    const claim = readFrame({
      ...frame,
      APPLICATION_TOKEN: 'application-token',
      SERVER_ENDPOINT: 'https://oauth.bitrix.info/rest/',
      status: 'L',
    });
    expect(claim).toMatchObject({ memberId, oauthServer: 'https://oauth.bitrix.info/rest/' });
    expect(claim.applicationToken?.reveal()).toBe('application-token');
  });

  it.each(Object.keys(frame))('is refused without a %s that is a text', (name) => {
    for (const wrong of wrongTexts)
      expect(() => readFrame({ ...frame, [name]: wrong })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
  });
});
