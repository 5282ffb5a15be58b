import 'reflect-metadata';
import type { Client } from '@b24/access';
import { toolsFor } from './listed-tools';

const client = (...scopes: Client['scopes']): Client => ({
  ...{ id: 'c', name: 'n', portals: 'all', createdAtMs: 0 },
  scopes,
});
/** Four bytes are about one token. */
const tokensOf = (it: Client) => JSON.stringify({ tools: toolsFor(it) }).length / 4;

describe('the list of tools', () => {
  it('takes as few tokens as docs/mcp.md says', () => {
    expect(tokensOf(client('admin'))).toBeLessThan(9600);
    expect(tokensOf(client('call'))).toBeLessThan(800);
    expect(tokensOf(client('backlog:read'))).toBeLessThan(400);
  });

  it('describes a portal in each schema without its pattern', () => {
    const [tool] = toolsFor(client('backlog:read')).filter(({ name }) => name === 'get_backlog');
    expect(tool?.inputSchema.properties).toEqual({
      portal: { type: 'string', description: 'A member id, an alias or a domain.' },
      groupId: { type: 'integer', minimum: 1, description: 'The id of the group.' },
    });
  });
});
