import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { findOrInstallRedis } from '../../scripts/launch/redis-binary.mjs';
import { main } from '../../scripts/launch/say.mjs';
import { withoutDefence } from '../support/broken-build.mjs';

/**
 * npm run fuzz:access:broken -- [--requests 4000] [--only words]
 * Takes one check after the other out of the build, and shows that the authorization fuzz finds it. What two checks hold
 * is taken out of both. The build is put back.
 */
const policy = 'libs/access/src/policy.js';
const reader = 'apps/gateway/src/doors/sdk/webhook-call.js';
const sentAsGiven = ["const params = { ...(own.has('halt')", "const params = given, unused = { ...(own.has('halt')"];
const checks = [
  {
    without: 'the policy',
    in: {
      'apps/gateway/src/request-line.js': ['(0, access_1.allowCommand)(client, { scope, portal }, command)', 'command'],
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
    without: 'names that can be told from a batch',
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
      'apps/gateway/src/api/calls/any-method.js': ['(name) => !/^batch(?:\\.|$)/i.test(name)', '() => true'],
    },
  },
  {
    without: 'the audit log of what SDKs write',
    in: { 'apps/gateway/src/doors/sdk/webhooks.js': ["if (command.effect === 'write')", 'if (false)'] },
  },
  {
    without: 'the audit log of what tools write',
    in: { 'apps/gateway/src/doors/mcp/run-tool.js': ['request.trail = trail', 'void trail'] },
  },
];

main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  const options = { requests: { type: 'string', default: '4000' }, only: { type: 'string', default: '' } };
  const { values } = parseArgs({ options });
  const env = {
    ...process.env,
    REDIS_SERVER: await findOrInstallRedis(),
    ACCESS_SEED: '1',
    ACCESS_REQUESTS: values.requests,
  };
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'fuzz', '--testPathPatterns', 'authorization'];
  let unseen = 0;
  for (const { without, in: changes } of checks.filter((it) => it.without.includes(values.only))) {
    const { stdout } = withoutDefence(changes, () => spawnSync(process.execPath, jest, { env, encoding: 'utf8' }));
    const found = /(\d+) offences/.exec(stdout)?.[1] ?? 'no word of';
    if (!(Number(found) > 0)) unseen++;
    console.log(`without ${without}: ${found} offences`);
  }
  process.exit(unseen === 0 ? 0 : 1);
});
