import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DiskFile } from './disk-store';
import type { WireAnswer } from './wire-answer';
import type { OrderedArray } from './ordered-array';
import { type PhpInput, inputOf } from './php-input';
import { phpJson } from './php-json';
import { parseStr } from './php-query';
import { type ReceivedBody, readBody } from './received-body';
import { bodyParameters } from './received-parameters';

/** Who is parsed when a connection ends; one listener a connection, however many requests it carries. */
const whenClosed = new WeakMap<Socket, (() => void)[]>();

/** One HTTP request with its body read, and the ways a vendor's machine may answer it. */
export class Exchange {
  readonly httpMethod: string;
  readonly path: string;
  readonly rawQuery: string;
  /** `$_GET`. */
  readonly queryParameters: OrderedArray;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly received: ReceivedBody,
  ) {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    this.httpMethod = request.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.rawQuery = mark < 0 ? '' : url.slice(mark + 1);
    this.queryParameters = parseStr(this.rawQuery);
  }

  static async read(request: IncomingMessage, response: ServerResponse): Promise<Exchange> {
    return new Exchange(request, response, await readBody(request));
  }

  get bodyText(): string {
    return this.received.bytes.toString('utf8');
  }

  get query(): PhpInput {
    return inputOf(this.queryParameters);
  }

  /** Empty when it was not sent. */
  readonly header = (name: string): string => {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : '';
  };

  /** The parameters of the body by name, as PHP and the vendor's REST module read it. */
  body(): PhpInput {
    return inputOf(bodyParameters(this));
  }

  /** Nobody is there any more to take an answer. */
  get isGone(): boolean {
    return this.response.destroyed;
  }

  /** Calls back when the connection ends, whichever side ends it. */
  onceClosed(closed: () => void): void {
    const { socket } = this.request;
    const waiting = whenClosed.get(socket);
    if (waiting !== undefined) waiting.push(closed);
    else {
      const callbacks = [closed];
      whenClosed.set(socket, callbacks);
      socket.once('close', () => callbacks.forEach((callback) => callback()));
    }
  }

  /** What the answer says the time is; a server says what its own clock shows. */
  dated(ms: number): void {
    this.response.setHeader('date', new Date(ms).toUTCString());
  }

  json(status: number, body: unknown): void {
    this.send(status, 'application/json; charset=utf-8', phpJson(body));
  }

  async answer({ status, body, file, scripted, headers = {} }: WireAnswer): Promise<void> {
    if (file !== undefined) return this.file(file);
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
    if (scripted === undefined) this.json(status, body);
    else this.send(status, scripted.contentType ?? 'application/json; charset=utf-8', scripted.text);
  }

  /** Sends a file while it is read. */
  async file({ name, size, contentType, content }: DiskFile): Promise<void> {
    const disposition = `attachment; filename="${name.replace(/[^\x20-\x7e]|["\\]/g, '_')}"; filename*=utf-8''${encodeURIComponent(name)}`;
    this.response.writeHead(200, {
      'content-type': contentType,
      'content-length': size,
      'content-disposition': disposition,
    });
    await pipeline(Readable.from(content()), this.response).catch(() => this.cut());
  }

  /** Says that pages of any origin may read the answer. */
  allowAnyOrigin(): void {
    this.response.setHeader('access-control-allow-origin', '*');
    this.response.setHeader('access-control-allow-headers', 'origin, content-type, accept');
  }

  html(status: number, body: string): void {
    this.send(status, 'text/html; charset=UTF-8', body);
  }

  redirect(location: string): void {
    this.response.writeHead(302, { location, 'content-type': 'text/html' }).end('<html><body>Moved</body></html>');
  }

  send(status: number, contentType: string, body: string): void {
    if (this.response.destroyed) return;
    const length = Buffer.byteLength(body);
    this.response.writeHead(status, { 'content-type': contentType, 'content-length': length }).end(body);
  }

  /** Announces more than it sends; then closes the connection, or leaves it open for ever. */
  sendPart(status: number, body: string, share: number, thenClose: boolean): void {
    if (this.response.destroyed) return;
    const part = body.slice(0, Math.floor(body.length * share));
    this.response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    });
    this.response.write(part, () => {
      if (thenClose) this.cut();
    });
  }

  /** Begins an answer and sends a blank of it now and again, until nobody reads it any more. */
  trickle(status: number, everyMs: number): void {
    if (this.response.destroyed) return;
    this.response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    this.response.write(' ');
    const blanks = setInterval(() => this.response.write(' '), everyMs);
    blanks.unref();
    this.response.once('close', () => clearInterval(blanks));
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.request.socket.destroy();
  }
}
