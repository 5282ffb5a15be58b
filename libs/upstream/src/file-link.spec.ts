import { fileLink, isUploadLink } from './file-link';

const endpoint = 'https://acme.bitrix24.de/rest/';
const token = 'disk%7CaWQ9Nw%3D%3D%7Csigned';

describe('a link of a portal to a file', () => {
  it.each([
    `https://acme.bitrix24.de/rest/download.json?auth=secret&token=${token}`,
    `https://acme.bitrix24.de/rest/1/secret/download/?token=${token}`,
    `https://acme.bitrix24.de/rest/7/secret/crm.controller.item.getFile/?token=${token}`,
    `/rest/upload.json?auth=secret&token=${token}`,
    'https://acme.bitrix24.de/bitrix/components/bitrix/crm.lead.show/show_file.php?auth=secret&ownerId=1',
    '//acme.bitrix24.de/rest/download?auth=secret',
    'https://acme.bitrix24.de/rest/upload.json/?token=x',
  ])('leads to a file: %s', (link) => {
    expect(fileLink(link, endpoint)?.origin).toBe('https://acme.bitrix24.de');
  });

  it.each([
    ['runs a method', 'https://acme.bitrix24.de/rest/user.delete?auth=secret&ID=7'],
    ['runs a method with a token', 'https://acme.bitrix24.de/rest/user.delete?token=x&auth=secret'],
    ['runs a method by another slash', 'https://acme.bitrix24.de\\rest\\user.delete?token=x'],
    ['hides a slash', 'https://acme.bitrix24.de/rest%2fuser.delete?auth=secret'],
    ['hides a dot', 'https://acme.bitrix24.de/bitrix/components/%2e%2e/%2e%2e/rest/user.delete/show_file.php?auth=x'],
    ['leads up', 'https://acme.bitrix24.de/rest/download/../user.delete?token=x'],
    ['calls an action', 'https://acme.bitrix24.de/bitrix/services/main/ajax.php?action=x&auth=secret'],
    ['runs a method by a webhook', 'https://acme.bitrix24.de/rest/1/secret/user.delete?ID=7'],
    ['runs version 3', 'https://acme.bitrix24.de/rest/api/1/secret/tasks.task.delete'],
    ['leads to another host', `https://evil.example/rest/download.json?auth=secret&token=${token}`],
    ['leads to another port', `https://acme.bitrix24.de:8443/rest/download.json?token=${token}`],
    ['leads elsewhere by its user', `https://acme.bitrix24.de@evil.example/rest/download?token=${token}`],
    ['names a user', `https://user:pass@acme.bitrix24.de/rest/download?token=${token}`],
    ['has another scheme', `http://acme.bitrix24.de/rest/download?token=${token}`],
    ['is HTML', `https://acme.bitrix24.de/rest/download?auth=secret&amp;token=${token}`],
    ['is too long', `https://acme.bitrix24.de/rest/download?token=${'x'.repeat(5000)}`],
    ['is no link', 'https://'],
  ])('is none that %s', (_, link) => {
    expect(fileLink(link, endpoint)).toBeUndefined();
  });

  it('takes a file where its endpoint is `upload`', () => {
    expect(isUploadLink(new URL('https://a/rest/upload.json?x'))).toBe(true);
    expect(isUploadLink(new URL('https://a/rest/1/secret/upload/?x'))).toBe(true);
    expect(isUploadLink(new URL('https://a/rest/download?x=/upload'))).toBe(false);
  });
});
