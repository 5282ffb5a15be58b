import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type Clock, sleep } from '@b24/portal';
import type { TracingSettings } from '../settings';
import { Traces } from '../line/traces';

/** The longest that a stopping replica waits for a collector that does not answer. */
const lastWordsMs = 2000;

/** Exports traces to a collector. Traces that it does not accept are lost; no call waits for them. */
export class Collector {
  readonly traces: Traces;
  private readonly provider: TracerProvider;
  private readonly clock: Clock;

  constructor({ endpoint, service, share }: TracingSettings, clock: Clock) {
    this.clock = clock;
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
      spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }) })],
    });
    this.traces = new Traces(this.provider.getTracer('b24-gateway'), clock);
  }

  /** Sends the remaining traces or drops them. */
  async close(): Promise<void> {
    await Promise.race([this.provider.shutdown().catch(() => undefined), sleep(this.clock, lastWordsMs)]);
  }
}
