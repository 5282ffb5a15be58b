import type { DeadLetter, WaitingDelivery } from '@b24/events';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { pageSchema } from '../../http/list-page';
import { attemptView } from './subscription-view';

const statusSchema = z.int().optional().describe('The last HTTP status from the target.');
const attemptsSchema = z.int().describe('The number of delivery attempts.');

export const deliveriesSchema = pageSchema(
  z.object({
    id: z.string().describe('The id of the delivery.'),
    messageId: z.string().describe('The `webhook-id` of the message.'),
    event: z.string().describe('The Bitrix24 event.'),
    portal: z
      .object({
        memberId: z.string().describe('The member id of the portal.'),
        domain: z.string().describe('The host of the portal.'),
      })
      .describe('The portal that sent the event.'),
    receivedAt: z.iso.datetime().describe('When the gateway received the event.'),
    attempts: attemptsSchema,
    lastAttemptAt: z.iso.datetime().optional().describe('When the last attempt ended.'),
    status: statusSchema,
    detail: z.string().describe('Why it is not delivered yet, in a sentence.'),
    nextAttemptAt: z.iso.datetime().meta({
      description:
        'When it is tried next; during an attempt, when it is tried again if the replica dies. A paused subscription waits until it is resumed.',
    }),
  }),
  'The waiting events; the one that is tried next comes first.',
).meta({
  id: 'Deliveries',
  examples: [
    {
      items: [
        {
          id: 'd_9f2c4d1e0a7b6583',
          messageId: 'msg_9f2c4d1e0a7b65839f2c4d1e0a7b6583',
          event: 'ONTASKADD',
          portal: { memberId: 'a223c6b3710f85df22e9377d6c4f7553', domain: 'acme.bitrix24.de' },
          receivedAt: '2026-11-01T09:00:00.000Z',
          attempts: 3,
          lastAttemptAt: '2026-11-01T09:00:21.000Z',
          status: 500,
          detail: 'The target answered 500.',
          nextAttemptAt: '2026-11-01T09:00:37.000Z',
        },
      ],
    },
  ],
});
export const deadLettersSchema = pageSchema(
  z.object({
    id: z.string().describe('The id of the dead letter.'),
    message: z
      .object({
        id: z.string().describe('The `webhook-id` of the message.'),
        event: z.string().describe('The Bitrix24 event.'),
        portal: z
          .object({
            memberId: z.string().describe('The member id of the portal.'),
            domain: z.string().describe('The host of the portal.'),
          })
          .describe('The portal that sent the event.'),
        receivedAt: z.iso.datetime().describe('When the gateway received the event.'),
        ts: z.int().nullable().describe('When the portal sent the event, in Unix seconds; `null` when unknown.'),
        data: z.record(z.string(), z.unknown()).describe('The data of the event, as the portal sent it.'),
      })
      .describe('The message, as it is posted.'),
    attempts: attemptsSchema,
    diedAt: z.iso.datetime().describe('When delivery was given up.'),
    status: statusSchema,
    detail: z.string().describe('Why the last attempt failed, in a sentence.'),
  }),
  'The dead letters, newest first.',
).meta({
  id: 'DeadLetters',
  examples: [
    {
      items: [
        {
          id: 'd_9f2c4d1e0a7b6583',
          message: {
            id: 'msg_9f2c4d1e0a7b65839f2c4d1e0a7b6583',
            event: 'ONTASKADD',
            portal: { memberId: 'a223c6b3710f85df22e9377d6c4f7553', domain: 'acme.bitrix24.de' },
            receivedAt: '2026-11-01T09:00:00.000Z',
            ts: 1_793_523_600,
            data: { FIELDS_AFTER: { ID: '42' } },
          },
          attempts: 12,
          diedAt: '2026-11-02T03:00:00.000Z',
          status: 500,
          detail: 'The target answered 500.',
        },
      ],
    },
  ],
});

export function deliveryView(it: WaitingDelivery): z.infer<typeof deliveriesSchema>['items'][number] {
  const { id, message, attempts, last, lastAtMs, dueAtMs } = it;
  const { id: messageId, event, portal, receivedAt } = message;
  return {
    ...{ id, messageId, event, portal, receivedAt, attempts },
    ...(lastAtMs !== undefined && { lastAttemptAt: isoTime(lastAtMs) }),
    ...(last ? attemptView(last) : { detail: 'It was not tried yet, or its first attempt is in progress.' }),
    nextAttemptAt: isoTime(dueAtMs),
  };
}

export function deadLetterView({ id, message, attempts, last, diedAtMs }: DeadLetter) {
  return {
    id,
    message: { ...message, data: { ...message.data } },
    attempts,
    diedAt: isoTime(diedAtMs),
    ...(last ? attemptView(last) : { detail: 'It was never sent.' }),
  };
}
