import { ExchangeFailure, exchangeTimedOut, type HttpAnswer } from '@b24/portal';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { decompressorOf, textOfBytes } from './answer-text';
import type { ExchangeDeadlines, TimedExchange } from './exchange-deadlines';
import { exchangeFailureOf } from './exchange-failure-of';

/** The reason of a failure when the caller no longer waits for the answer. */
export const abandoned = 'ABANDONED';

interface Outcome {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (failure: ExchangeFailure) => void;
}

interface ExchangeLimits {
  readonly maxAnswerBytes: number;
  readonly deadlines: ExchangeDeadlines;
  readonly signal: AbortSignal | undefined;
}

/** One request and its answer, as undici reports them; also the listener of the caller's signal. */
export class PortalExchange implements Dispatcher.DispatchHandler, TimedExchange {
  /** Set as soon as the request is about to be written. */
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private encoding: string | string[] | undefined;
  private isReplayed = false;
  private first: Buffer | undefined;
  private others: Buffer[] | undefined;
  private isSettled = false;

  constructor(
    private readonly outcome: Outcome,
    private readonly limits: ExchangeLimits,
  ) {}

  /** The caller's signal aborted. */
  handleEvent(): void {
    this.end(abandoned);
  }

  expire(): void {
    this.end(exchangeTimedOut);
  }

  /** @throws Error when nobody waits any more; nothing is written then, and the connection stays open */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isSettled) throw new Error(abandoned);
    this.controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.encoding = headers['content-encoding'];
    this.isReplayed = headers['idempotent-replayed'] === 'true';
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.first === undefined) this.first = bytes;
    else (this.others ??= []).push(bytes);
  }

  onResponseEnd(): void {
    const bytes = this.joined();
    const decompress = decompressorOf(this.encoding);
    if (!decompress) this.answer(textOfBytes(bytes));
    else
      decompress(bytes, { maxOutputLength: this.limits.maxAnswerBytes }).then(
        (plain) => {
          this.answer(textOfBytes(plain));
        },
        (error: unknown) => {
          this.fail(exchangeFailureOf(error));
        },
      );
  }

  onResponseError(_: unknown, error: Error): void {
    const { sent, reason } = exchangeFailureOf(error);
    this.fail(new ExchangeFailure(sent && this.controller !== undefined, reason));
  }

  private joined(): Buffer {
    if (this.first === undefined) return Buffer.alloc(0);
    return this.others ? Buffer.concat([this.first, ...this.others]) : this.first;
  }

  private answer(body: string): void {
    if (this.isSettled) return;
    this.settle();
    const { status } = this;
    this.outcome.resolve(this.isReplayed ? { status, body, replayed: true } : { status, body });
  }

  private end(reason: string): void {
    const { controller } = this;
    this.fail(new ExchangeFailure(controller !== undefined, reason));
    controller?.abort(new Error(reason));
  }

  private fail(failure: ExchangeFailure): void {
    if (this.isSettled) return;
    this.settle();
    this.outcome.reject(failure);
  }

  private settle(): void {
    this.isSettled = true;
    this.limits.deadlines.remove(this);
    this.limits.signal?.removeEventListener('abort', this);
  }
}
