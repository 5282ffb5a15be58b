import type { LoggedCall } from '@b24/call-log';
import { faultTable } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { pageSchema } from '../../http/list-page';

const callExample = {
  id: '5f0c1d9e7a3b-17',
  at: '2026-11-01T03:12:07.412Z',
  client: 'c_5f2b8c1d9e0a7b64',
  clientName: 'planning',
  portal: 'a223c6b3710f85df22e9377d6c4f7553',
  method: 'tasks.api.scrum.backlog.get',
  operation: 'getBacklog',
  status: 422,
  code: 'rejected_by_portal',
  requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
  tookMs: 1243,
  queueMs: 980,
  upstreamMs: 260,
  commands: 12,
  retries: 1,
  upstream: { error: '0', description: 'Backlog not found' },
};
const milliseconds = z.int().min(0);

export const loggedCallSchema = z
  .object({
    id: z.string().describe('The id of the entry.'),
    at: z.iso.datetime().describe('When the call ended.'),
    client: z.string().describe('The id of the client, `admin`, or the part of the gateway that called.'),
    clientName: z.string().describe('The name of the client.'),
    portal: z.string().describe('The member id of the portal.'),
    method: z.string().describe('The method of Bitrix24.'),
    operation: z.string().optional().meta({ description: 'The operationId; absent for the gateway’s own calls.' }),
    status: z.int().describe('The HTTP status of the code; 200 for `ok`.'),
    code: z.string().describe('`ok`, or the code of the problem.'),
    requestId: z.string().optional().meta({ description: 'The `X-Request-Id` of the request that made the call.' }),
    tookMs: milliseconds.describe('From its arrival at the request line to its end.'),
    queueMs: milliseconds.describe('How long it waited until it was sent, for the last time if there were retries.'),
    upstreamMs: milliseconds.describe('How long the portal took, or how long the gateway waited for it.'),
    commands: z.int().min(0).describe('The commands in the request to the portal that carried it; 0 if none did.'),
    retries: z.int().min(0).describe('How often the gateway sent it once more.'),
    upstream: z
      .object({
        error: z.string().describe('The portal’s code.'),
        description: z.string().describe('The portal’s words, up to 200 characters, without secrets.'),
      })
      .optional()
      .meta({ description: 'The portal’s error, if it returned one.' }),
  })
  .meta({ id: 'LoggedCall', examples: [callExample] });

export const callPageSchema = pageSchema(loggedCallSchema, 'The calls, newest first.')
  .extend({ recorded: z.boolean().describe('Whether calls are logged now: false while `CALL_LOG_MIB` is 0.') })
  .meta({ id: 'CallPage' });

export type LoggedCallView = z.infer<typeof loggedCallSchema>;

export function viewOfCall({ atMs, outcome, error, description, ...call }: LoggedCall): LoggedCallView {
  const { id, client, clientName, portal, method, operation, requestId } = call;
  const { tookMs, queueMs, upstreamMs, commands, retries } = call;
  return {
    ...{ id, at: isoTime(atMs), client, clientName, portal, method },
    ...(operation !== undefined && { operation }),
    ...{ status: outcome === 'ok' ? 200 : faultTable[outcome].status, code: outcome },
    ...(requestId !== undefined && { requestId }),
    ...{ tookMs, queueMs, upstreamMs, commands, retries },
    ...((error !== undefined || description !== undefined) && {
      upstream: { error: error ?? '', description: description ?? '' },
    }),
  };
}
