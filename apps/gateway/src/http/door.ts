import type { Client, ClientKeys } from '@b24/access';
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

/** What doors authenticate requests with. */
export interface DoorDependencies {
  readonly keys: ClientKeys;
  readonly throttle: Throttle;
  readonly console: SessionAuth;
  readonly settings: Settings;
}

/** How requests of a route come in. Each route names its door; a gateway with one that names none does not start. */
export interface Door {
  /** Requests are refused while Redis may not be worked with. */
  readonly needsStore: boolean;
  /**
   * Decides before anything of the body is read, and returns whose request it is; undefined where no key is asked for.
   * @throws Fault for a request that may not come in
   */
  readonly admit?: (request: FastifyRequest, parts: DoorDependencies) => Promise<Client | undefined> | undefined;
  /** Renders a fault for the callers of this route; as a problem where it is absent. */
  readonly renderFault?: FaultRenderer;
  /** Bitrix24 posts forms here. */
  readonly takesForms?: true;
  /** Answers whatever load there is: probes of an orchestrator. */
  readonly unbounded?: true;
}

interface WithDoor {
  readonly door?: Door;
}

/** Open to everybody, and of no effect. */
export const openDoor: Door = { needsStore: false };

/** Probes, which say whether the process is alive while everything else is refused. */
export const probeDoor: Door = { needsStore: false, unbounded: true };

/** Names the door of a controller's method. */
export function Through(door: Door): MethodDecorator {
  return RouteConfig({ door } satisfies WithDoor);
}

/** Returns undefined for what no route matched. */
export function doorOf(request: FastifyRequest): Door | undefined {
  return (request.routeOptions.config as WithDoor).door;
}

/** A route that says nothing of its door, as `GET /path`; undefined for every other. */
export function withoutDoor({ method, url, config }: RouteOptions): string | undefined {
  // Preflights of browsers, which CORS answers before any door.
  if (method === 'OPTIONS' || (config as WithDoor | undefined)?.door) return undefined;
  return `${String(method)} ${url}`;
}
