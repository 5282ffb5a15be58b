import type { Answer, Clock, Command, FaultCode, PortalId, Send } from '@b24/portal';
import {
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';

/** The span of one call. */
export interface CallTrace {
  /** The `traceparent` that the command carries to the replica that sends it. */
  readonly traceparent: string;
  end(answer: Answer | undefined, outcome: 'ok' | FaultCode): void;
}

/**
 * Traces each call and each request to a portal (docs/observability.md). The span of a call holds its wait and its share
 * of a request; the span of a request links to the calls that shared it. Spans are made at the end, from times that the
 * line measures anyway; their names and attributes hold methods, member ids and codes, never a parameter.
 */
export class Traces {
  constructor(
    private readonly tracer: Tracer,
    private readonly clock: Clock,
  ) {}

  /** @param parent the caller's own `traceparent`, if it sent one */
  call(portal: PortalId, { method, effect }: Command, parent?: string): CallTrace {
    const startTime = this.clock.now();
    const context = contextOf(parent);
    const span = this.tracer.startSpan(
      `call ${method}`,
      {
        kind: SpanKind.SERVER,
        startTime,
        attributes: { 'b24.portal': portal, 'b24.method': method, 'b24.effect': effect },
      },
      context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT,
    );
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: (answer, outcome) => {
        span.setAttribute('b24.outcome', outcome);
        if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
        if (answer) this.parts(span, startTime, answer);
        span.end(this.clock.now());
      },
    };
  }

  /** The station below the queue: makes one span for each request to a portal. */
  station(next: Send): Send {
    return async (portal, commands, signal) => {
      const startTime = this.clock.now();
      const callers = commands.map(({ trace: its }) => contextOf(its)).filter((it) => it !== undefined);
      const [only, ...others] = callers;
      const links: Link[] = callers.map((context) => ({ context }));
      const alone = only && others.length === 0;
      const span = this.tracer.startSpan(
        'request',
        {
          kind: SpanKind.CLIENT,
          startTime,
          attributes: { 'b24.portal': portal, 'b24.commands': commands.length },
          ...(!alone && { links }),
        },
        // Of several calls it can be no single one's child.
        alone ? trace.setSpanContext(ROOT_CONTEXT, only) : ROOT_CONTEXT,
      );
      const traced = { trace: traceparentOf(span.spanContext()) };
      try {
        const answers = await next(portal, commands, signal);
        this.upstream(span, answers[0]);
        return answers.map((answer) => ({ ...answer, ...traced }));
      } catch (error) {
        const { code = 'internal_error' } = error as { code?: string };
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
        throw error;
      } finally {
        span.end(this.clock.now());
      }
    };
  }

  /** Shows where a call's time went: its wait in the queue, then its share of a request. */
  private parts(call: Span, startedAt: number, { timing: { queueMs, upstreamMs }, request, trace: its }: Answer): void {
    const within = trace.setSpan(ROOT_CONTEXT, call);
    const leftAt = startedAt + queueMs;
    this.tracer.startSpan('queue wait', { startTime: startedAt }, within).end(leftAt);
    const shared = contextOf(its);
    this.tracer
      .startSpan(
        'request share',
        {
          startTime: leftAt,
          ...(request && { attributes: { 'b24.commands': request.commands } }),
          ...(shared && { links: [{ context: shared }] }),
        },
        within,
      )
      .end(leftAt + upstreamMs);
  }

  private upstream(requestSpan: Span, answer: Answer | undefined): void {
    if (!answer) return;
    const endedAt = this.clock.now();
    const startTime = endedAt - answer.timing.upstreamMs;
    this.tracer
      .startSpan('upstream', { kind: SpanKind.CLIENT, startTime }, trace.setSpan(ROOT_CONTEXT, requestSpan))
      .end(endedAt);
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; undefined when it is none, or malformed. */
function contextOf(traceparent: unknown): SpanContext | undefined {
  const match = typeof traceparent === 'string' && /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent);
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  const context = { traceId, spanId, traceFlags: parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
