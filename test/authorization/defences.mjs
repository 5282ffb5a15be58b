/** The checks of authorization, and the text of the build to replace so that each of them is missing. */
const policy = 'libs/access/src/policy.js';
const reader = 'apps/gateway/src/doors/sdk/webhook-call.js';
const sentAsGiven = ["const params = { ...(own.has('halt')", "const params = given, unused = { ...(own.has('halt')"];
export const checks = [
  {
    without: 'the policy',
    in: {
      'apps/gateway/src/request-line.js': [
        '(0, access_1.allowCommand)(asking.client, { scope, portal }, command)',
        'command',
      ],
    },
  },
  {
    without: 'the portals of a key',
    in: { [policy]: ["return portals === 'all' || portals.includes(portal);", 'return true;'] },
  },
  {
    without: 'the scopes of a key',
    in: { [policy]: ["!client.scopes.includes('admin') && !client.scopes.includes(scope)", 'false'] },
  },
  { without: 'the method patterns of a key', in: { [policy]: ['if (method && client.methods &&', 'if (false &&'] } },
  { without: 'patterns that match a whole name', in: { [policy]: ['return rest.endsWith(tail);', 'return true;'] } },
  {
    without: 'names that differ from a batch',
    in: {
      [policy]: ['if (!methods)', 'if (false)', 'for (const method of methods)', 'for (const method of methods ?? [])'],
      [reader]: [
        'const cmd = own.get(',
        "const cmd = given['cmd'], folded = own.get(",
        ...sentAsGiven,
        'if (commands.length === 0)',
        'if (false)',
      ],
    },
  },
  {
    without: 'the commands of a batch that are sent as they were read',
    in: { [policy]: ["(name) => name === 'cmd' || name === 'halt'", '() => true'], [reader]: sentAsGiven },
  },
  {
    without: 'names without a transport',
    in: {
      'libs/portal/src/method-name.js': ['return !carriers.has(name) && !transports', 'return true || !transports'],
      'apps/gateway/src/line/any-method.js': ['(name) => !/^batch(?:\\.|$)/i.test(name)', '() => true'],
    },
  },
  {
    without: 'the audit log of what SDKs write',
    in: { 'apps/gateway/src/doors/sdk/webhooks.js': ["isRead: command.effect === 'read'", 'isRead: true'] },
  },
  {
    without: 'the audit log of what tools write',
    in: { 'apps/gateway/src/doors/mcp/run-tool.js': ['isRead: !writes', 'isRead: true'] },
  },
];
