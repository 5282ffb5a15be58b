import { isMethodName } from './method-name';

describe('the name of a method', () => {
  it.each([
    'crm.deal.list',
    'CRM.Deal.LIST',
    'profile',
    'sonet_group.get',
    'im.v2.Chat.load',
    'json.get',
    'a'.repeat(100),
  ])('is %j', (name) => {
    expect(isMethodName(name)).toBe(true);
  });

  it.each([
    ...['batch', 'BATCH', 'download', 'Upload', 'batch.json', 'crm.deal.list.json', 'user.current.XML', 'download.xml'],
    ...[
      'json',
      'xml',
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      'a b',
      ' a',
      'a\n',
      'a/b',
      '/a',
      'a?b',
      'a#',
      'a%2eb',
      'x:crm.deal.get',
    ],
    ...['//host/crm.deal.get', 'crm.deal.get:80', 'ſcope', 'a'.repeat(101), '1a', 'a[b]', '__proto__', 'a\0'],
  ])('is not %j', (name) => {
    expect(isMethodName(name)).toBe(false);
  });
});
