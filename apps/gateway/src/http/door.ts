import type { Assistants, Client, ClientKeys } from '@b24/access';
import type { Fault } from '@b24/portal';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Settings } from '../settings';
import type { Throttle } from './throttle';

/** Authenticates browsers by a session in place of a key. */
export interface SessionAuth {
  /** @throws Fault key_missing, session_ended, key_expired */
  authenticate(request: FastifyRequest): Promise<Client>;
  /** Like `authenticate`, but does not prolong the session. */
  peekSession(request: FastifyRequest): Promise<Client>;
  /** @throws Fault not_allowed for a request that another site's page sent */
  assertOwnPage(request: FastifyRequest): void;
}

/** Replies with a fault in one form: a problem, the vendor's envelope, a page. */
export type FaultRenderer = (fault: Fault, request: FastifyRequest, reply: FastifyReply) => void;

/** The services with which doors authenticate requests. */
export interface DoorDependencies {
  readonly keys: ClientKeys;
  readonly assistants: Pick<Assistants, 'admit'>;
  readonly throttle: Throttle;
  readonly console: SessionAuth;
  readonly settings: Settings;
}

/**
 * How requests of a route are admitted. Each route names its door; a gateway with a route without one does not start.
 */
export interface Door {
  /** Whether requests are refused until the data in Redis is checked. */
  readonly needsStore: boolean;
  /**
   * Authenticates a request before its body is read. Returns undefined if the route needs no key.
   * @throws Fault for a request that is not admitted
   */
  readonly admit?: (
    request: FastifyRequest,
    parts: DoorDependencies,
  ) => Client | Promise<Client | undefined> | undefined;
  /** Renders a fault for the callers of this route; as a problem where it is absent. */
  readonly renderFault?: FaultRenderer;
  /** Whether bodies carry parameters for a portal: read without loss, up to the limit of uploads. */
  readonly carriesPayload?: true;
  /** Whether a body may be a multipart form with files. */
  readonly takesFiles?: true;
  /** The least default deadline of its calls, in milliseconds. */
  readonly minDeadlineMs?: number;
  /** Whether the route takes forms, which Bitrix24 posts. */
  readonly takesForms?: true;
  /** Whether answers are documents for browsers, which get all headers of helmet. */
  readonly isDocument?: true;
  /** Whether requests are answered under any load, such as the probes of an orchestrator. */
  readonly unbounded?: true;
}

interface WithDoor {
  readonly door?: Door;
}

/** Public, for requests without effect. */
export const openDoor: Door = { needsStore: false };

/** Public documents and pages. */
export const documentDoor: Door = { ...openDoor, isDocument: true };

/** Probes, which are answered while all other requests are refused. */
export const probeDoor: Door = { needsStore: false, unbounded: true };

/** Sets the door of a controller's method. */
export function Through(door: Door): MethodDecorator {
  return RouteConfig({ door } satisfies WithDoor);
}

/** Returns the door of a request; undefined if no route matched. */
export function doorOf(request: FastifyRequest): Door | undefined {
  return (request.routeOptions.config as WithDoor).door;
}

/** Describes a route without a door as `GET /path`; undefined for every other route. */
export function withoutDoor({ method, url, config }: RouteOptions): string | undefined {
  // CORS preflights are answered before any door.
  if (method === 'OPTIONS' || (config as WithDoor | undefined)?.door) return undefined;
  return `${String(method)} ${url}`;
}
