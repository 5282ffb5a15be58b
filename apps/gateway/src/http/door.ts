import type { Client, ClientKeys } from '@b24/access';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest, RouteOptions } from 'fastify';
import type { ConsoleAuth } from '../doors/console/console-auth';
import type { Settings } from '../settings';
import type { GatewayRequest } from './caller';
import type { Throttle } from './throttle';

/** What doors ask to find out who is there. */
export interface DoorParts {
  readonly keys: ClientKeys;
  readonly throttle: Throttle;
  readonly console: ConsoleAuth;
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
  readonly admit?: (request: GatewayRequest, parts: DoorParts) => Promise<Client | undefined> | undefined;
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
