import { pause } from './clock';
import { GatewayProblem, NoAnswer } from './failures';
import { Operations } from './generated/operations.gen';
import type { FanOut, Job, ListBrokenOff, ListEnd } from './generated/types.gen';
import { PortalCalls, PortalsCalls } from './portal-calls';
import { type CallOptions, retryAfterMsOf } from './wire';

const pollMs = 1000;

/** Every operation of the gateway by its name, and what they come to when they are put together. */
export class GatewayClient extends Operations {
  /** The methods of Bitrix24 on one portal, named by its member id, alias or domain, with the types of the catalog. */
  portal(portal: string): PortalCalls {
    return new PortalCalls(this, portal);
  }

  /** A method of Bitrix24 on several portals: by their names, `all`, or those with a tag. */
  portals(portals: FanOut['portals']): PortalsCalls {
    return new PortalsCalls(this, portals);
  }

  /**
   * All records of a list of Bitrix24, as they come.
   * @throws GatewayProblem where the list broke off, NoAnswer where it was cut
   */
  async *records<T = Record<string, unknown>>(
    list: { portal: string; method: string; params?: Record<string, unknown> | unknown[] },
    options: CallOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    const { portal, method, params } = list;
    let records = 0;
    for await (const line of this.streamList({ portal, method, body: params ? { params } : {} }, options)) {
      if (isBrokenOff(line)) throw new GatewayProblem(line.problem);
      if (isEnd(line, records)) return;
      records++;
      yield line as T;
    }
    throw new NoAnswer(`The list was cut after ${records} records.`);
  }

  /**
   * The job once it is done or cancelled, however long that takes: bound it by a signal.
   * @throws GatewayProblem of a job that failed; what it did so far is in its results
   */
  async finished(id: string, options: CallOptions = {}): Promise<Job> {
    for (;;) {
      const { job, waitMs = pollMs } = await this.lookAt(id, options);
      if (job.state === 'failed' && job.problem) throw new GatewayProblem(job.problem);
      if (job.state !== 'queued' && job.state !== 'running') return job;
      await pause(this.wire.clock, waitMs, options.signal);
    }
  }

  private lookAt(id: string, options: CallOptions): Promise<{ job: Job; waitMs?: number | undefined }> {
    const route = { verb: 'GET', path: '/v1/jobs/{id}', effect: 'read' } as const;
    return this.wire.call(route, { id }, options, async (response) => ({
      job: (await response.json()) as Job,
      waitMs: retryAfterMsOf(response.headers, this.wire.clock.now()),
    }));
  }
}

/** A record is never mistaken for it: the end says how many there were. */
function isEnd(line: object, records: number): line is ListEnd {
  const { end } = line as Partial<ListEnd>;
  return Object.keys(line).length === 1 && end?.records === records;
}

function isBrokenOff(line: object): line is ListBrokenOff {
  const { problem } = line as Partial<ListBrokenOff>;
  return Object.keys(line).length === 1 && problem?.type.startsWith('urn:b24-gateway:problem:') === true;
}
