import { Assistants, ClientKeys, type ListedAssistant } from '@b24/access';
import { Fault } from '@b24/portal';
import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { Operation } from '../../http/operation';

const assistantSchema = z
  .object({
    id: z.string().describe('The id of the assistant.'),
    name: z.string().describe('What the app calls itself; nobody has checked it.'),
    host: z.string().describe('The host of the app to which the consent was returned.'),
    connectedAt: z.iso.datetime().describe('When a person connected it.'),
    tokensAt: z.iso
      .datetime()
      .describe('When it last got tokens. An assistant in use gets some every fifteen minutes.'),
  })
  .meta({
    id: 'Assistant',
    examples: [
      {
        id: 'as_5f2b8c1d9e0a7b64',
        name: 'Planning assistant',
        host: 'claude.ai',
        connectedAt: '2026-11-01T09:00:00.000Z',
        tokensAt: '2026-11-27T16:30:00.000Z',
      },
    ],
  });
const assistantsSchema = z
  .object({ items: z.array(assistantSchema).describe('The assistants, oldest first.') })
  .meta({ id: 'Assistants' });
const clientId = z.string().max(64).describe('The id of the client.');
const assistantId = z.string().max(64).describe('The id of the assistant.');

/** The assistants that act as a client (docs/mcp.md). */
@ApiTags('clients')
@Controller('v1/clients/:id/assistants')
export class ClientAssistantsController {
  constructor(
    private readonly assistants: Assistants,
    private readonly keys: ClientKeys,
  ) {}

  @Get()
  @Operation({
    id: 'listAssistants',
    summary: 'List the assistants that act as a client, oldest first',
    description:
      'Assistants that a person connected by OAuth; one that uses the key itself is not listed. The key of the client needs no scope for this.',
    scope: 'admin',
    ownClientIn: 'id',
    status: 200,
    says: 'The connected assistants.',
    answer: assistantsSchema,
    faults: ['client_not_found'],
  })
  async list(@Param('id', { schema: clientId }) id: string): Promise<z.infer<typeof assistantsSchema>> {
    if ((await this.keys.digestOfClient(id)) === undefined) throw new Fault('client_not_found');
    return { items: (await this.assistants.list(id)).map(viewOf) };
  }

  @Delete(':assistantId')
  @Operation({
    id: 'endAssistant',
    summary: 'End an assistant; its tokens stop working at once',
    description: 'The key of the client needs no scope for this.',
    scope: 'admin',
    ownClientIn: 'id',
    status: 204,
    onRetry: { kind: 'gone', code: 'assistant_not_found' },
    says: 'The assistant is ended.',
    faults: ['assistant_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async end(
    @Param('id', { schema: clientId }) id: string,
    @Param('assistantId', { schema: assistantId }) assistant: string,
  ): Promise<void> {
    await this.assistants.end(id, assistant);
  }
}

function viewOf({ id, name, host, connectedAtMs, tokensAtMs }: ListedAssistant): z.infer<typeof assistantSchema> {
  return { id, name, host, connectedAt: isoTime(connectedAtMs), tokensAt: isoTime(tokensAtMs) };
}
