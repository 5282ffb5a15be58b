import { anyCommand, methodName, methodParams } from './any-method';

describe('a method that nobody declared', () => {
  it.each([
    ['crm.deal.list', 'read'],
    ['crm.deal.GET', 'read'],
    ['tasks.api.scrum.epic.getFields', 'read'],
    ['user.current', 'read'],
    ['profile', 'read'],
    ['Server.Time', 'read'],
    ['user.search', 'read'],
    ['im.search.chat.list', 'read'],
    ['im.search.last.add', 'write'],
    ['disk.file.getExternalLink', 'write'],
    ['crm.deal.add', 'write'],
    ['crm.deal.delete', 'write'],
    ['lists.element.get.and.delete', 'write'],
    ['bizproc.workflow.start', 'write'],
    ['listing', 'write'],
    ['Event.Offline.Get', 'write'],
    ['imbot.v2.Event.get', 'write'],
    ['im.notify.read.list', 'write'],
    ['disk.storage.getForApp', 'write'],
    ['disk.folder.getChildren', 'read'],
    ['lists.element.get.file.url', 'read'],
    ['bizproc.workflow.instances', 'read'],
    ['crm.enum.activitystatus', 'read'],
    ['partner.app.thing.list', 'read'],
    ['partner.app.thing.getAndDelete', 'write'],
    ['main.eventlog.tail', 'read'],
  ])('%s is a %s', (method, effect) => {
    expect(anyCommand(method, {}).effect).toBe(effect);
  });

  it.each([
    'batch',
    'BATCH',
    'batch.json',
    'user.get.xml',
    'user.get.JSON',
    'download',
    'Upload',
    'crm/deal',
    'crm.deal.',
    '.crm',
    'crm..deal',
    'crm deal',
    '../rest',
    'a'.repeat(101),
    '',
  ])('can not be called %s', (name) => {
    expect(methodName.safeParse(name).success).toBe(false);
  });

  it('takes no parameter that is the gateway’s to set, in any case, and names it', () => {
    const { error } = methodParams.safeParse({ AUTH: 'x', access_token: 'y', filter: { auth: 1 } });
    expect(error?.issues.map(({ path }) => path)).toEqual([['AUTH'], ['access_token']]);
    expect(methodParams.safeParse({ filter: { auth: 1, start: 2 } }).success).toBe(true);
  });
});
