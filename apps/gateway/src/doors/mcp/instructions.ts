import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';

/** What an assistant must know, in order, each with the tool that it concerns. */
const sentences: readonly { readonly tool?: string; readonly text: string }[] = [
  { text: 'Bitrix24 portals: CRM, tasks, chats, files of companies.' },
  { text: 'Name the portal in each call by member id, alias or domain; `list_portals` has them.' },
  {
    tool: 'call_method',
    text: 'For a task without a tool of its own: `find_methods` with words, `describe_method` for its parameters, then `call_method`. Ids come from other methods: `user.get` (`user.current` is who granted access), `sonet_group.get` for groups, `crm.*.list`.',
  },
  { text: 'Times are ISO 8601 with an offset.' },
  { text: 'A call may wait some seconds for the rate limit of its portal; do not send it twice meanwhile.' },
  { text: 'A refusal is a JSON problem: `code`, `detail` with what to do, `retryable`, `retryAfterSeconds`.' },
  {
    text: 'A write is sent once and takes no idempotency key. After `outcome_unknown` read the portal before you write again.',
  },
  { tool: 'explain_portal_status', text: 'If calls fail: `explain_portal_status`, then `recent_problems`.' },
];

/** Returns how to work with these tools, as the `instructions` of the server. */
export function instructionsFor(tools: readonly ListedTool[]): string {
  const names = new Set(tools.map(({ name }) => name));
  return sentences
    .filter(({ tool }) => tool === undefined || names.has(tool))
    .map(({ text }) => text)
    .join(' ');
}
