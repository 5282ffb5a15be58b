import { Controller, Get, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { probeDoor } from '../http/door';
import { Operation } from '../http/operation';
import { StorePreflight } from './store-preflight';
import { Lifecycle } from './lifecycle';
import { Metrics } from './metrics';
import { metricsDoor } from './metrics-door';
import { DurabilityMonitor } from './durability-monitor';

const liveSchema = z
  .object({ status: z.literal('live').describe('Always `live`.') })
  .meta({ id: 'Live', examples: [{ status: 'live' }] });
const partSchema = z.object({
  ready: z.boolean().describe('Whether the part is ready.'),
  detail: z.string().describe('The state of the part, in a sentence.'),
});
const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']).describe('Whether the replica can take calls.'),
    parts: z
      .object({ store: partSchema.describe('Redis.'), replica: partSchema.describe('This process.') })
      .describe('What the replica needs to take calls.'),
    warnings: z.array(z.string()).describe('Redis settings that risk a loss of data; they do not affect `status`.'),
  })
  .meta({
    id: 'Readiness',
    examples: [
      {
        status: 'ready',
        parts: { store: { ready: true, detail: 'Redis answers.' }, replica: { ready: true, detail: 'Takes calls.' } },
        warnings: [],
      },
    ],
  });

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(
    private readonly metricsOf: Metrics,
    private readonly lifecycle: Lifecycle,
    private readonly check: StorePreflight,
    private readonly watch: DurabilityMonitor,
  ) {}

  @Get('health/live')
  @Operation({
    id: 'getLiveness',
    door: probeDoor,
    summary: 'Report whether the process is alive',
    status: 200,
    says: 'The process is alive.',
    answer: liveSchema,
  })
  live(): z.infer<typeof liveSchema> {
    return { status: 'live' };
  }

  @Get('health/ready')
  @Operation({
    id: 'getReadiness',
    door: probeDoor,
    summary: 'Report whether this replica can take calls',
    status: 200,
    says: 'The replica can take calls.',
    answer: readySchema,
  })
  @ApiResponse({
    status: 503,
    description: 'The replica cannot take calls; `parts` says why.',
    standardSchema: readySchema,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<z.infer<typeof readySchema>> {
    const parts = { store: await this.store(), replica: this.replica() };
    const ready = parts.store.ready && parts.replica.ready;
    void reply.status(ready ? 200 : 503);
    const warnings = this.watch.warnings.map(({ detail }) => detail);
    return { status: ready ? 'ready' : 'not_ready', parts, warnings };
  }

  @Get('metrics')
  @Operation({
    id: 'getMetrics',
    door: metricsDoor,
    summary: 'Read the metrics of this replica, for Prometheus',
    description: 'If `METRICS_TOKEN` is set, send it as `Authorization: Bearer <token>`.',
    faults: ['key_missing', 'key_invalid', 'too_many_attempts', 'too_many_requests'],
    status: 200,
    says: 'Metrics in the Prometheus text format.',
    textType: 'text/plain',
  })
  async metrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(this.metricsOf.registry.contentType);
    return this.metricsOf.registry.metrics();
  }

  private async store(): Promise<z.infer<typeof partSchema>> {
    try {
      await this.check.ask();
      if (!this.check.passed) return { ready: false, detail: 'The data in Redis is not checked yet.' };
      return { ready: true, detail: 'Redis answers.' };
    } catch {
      return { ready: false, detail: 'Redis does not answer.' };
    }
  }

  private replica(): z.infer<typeof partSchema> {
    return this.lifecycle.isStopping
      ? { ready: false, detail: 'Shutting down.' }
      : { ready: true, detail: 'Takes calls.' };
  }
}
