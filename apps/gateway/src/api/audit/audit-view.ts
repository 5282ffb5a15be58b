import { auditParties, partyOf, type StoredAuditEntry } from '@b24/access';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { pageSchema } from '../../http/list-page';

const entryExample = {
  id: '9f2c4d1e0a7b6583',
  at: '2026-11-01T09:00:00.000Z',
  actor: 'c_5f2b8c1d9e0a7b64',
  name: 'planning',
  by: 'services',
  action: 'addBacklog',
  portal: 'a223c6b3710f85df22e9377d6c4f7553',
  status: 201,
  outcome: 'done',
  requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
  source: '203.0.113.7',
  ids: { groupId: 125, createdBy: 6 },
};
const entrySchema = z
  .object({
    id: z.string().meta({
      description: 'Entries with the same id are duplicates: Redis did not answer while the entry was written.',
    }),
    at: z.iso.datetime().describe('When the request ended.'),
    actor: z.string().meta({
      description:
        'Who: the id of a client or of a person (`p_…`), `admin` for the admin key, or `portal event`, `portal page` or `authorization` for a portal.',
    }),
    name: z.string().optional().meta({ description: 'The name of the client or person.' }),
    by: z.enum(auditParties).meta({
      description:
        '`people`: an operator, in the console or with the admin key. `services`: a key. `portals`: a portal.',
    }),
    action: z.string().meta({
      description:
        'What: an operationId of this document, `installPortal`, `uninstallPortal`, `signIn`, `signOut` or `connectAssistant`.',
    }),
    portal: z.string().optional().meta({ description: 'The member id of the portal.' }),
    status: z.int().describe('The HTTP status of the answer.'),
    outcome: z.string().meta({ description: '`done`, or the code of the problem.' }),
    requestId: z.string().describe('The `X-Request-Id` of the request.'),
    source: z.string().optional().meta({
      description: 'The IP address of the caller, as `TRUSTED_PROXIES` report it; of IPv6, the /64 network.',
    }),
    ids: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
      .optional()
      .meta({
        description: 'What the request concerned: ids, numbers and flags by value; texts only as set or removed.',
      }),
  })
  .meta({ id: 'AuditEntry', examples: [entryExample] });
export const auditPageSchema = pageSchema(entrySchema, 'The entries, newest first.').meta({ id: 'AuditPage' });
export type AuditEntryView = z.infer<typeof entrySchema>;

export function viewOf({ atMs, ...entry }: StoredAuditEntry): AuditEntryView {
  const { id, actor, name, action, portal, status, outcome, requestId, source, ids } = entry;
  return {
    id,
    at: isoTime(atMs),
    actor,
    ...(name !== undefined && { name }),
    by: partyOf(entry),
    action,
    ...(portal && { portal }),
    status,
    outcome,
    requestId,
    ...(source !== undefined && { source }),
    ...(ids && { ids: { ...ids } }),
  };
}
