import helmet from 'helmet';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bareHeaders } from './bare-headers';
import { doorOf } from './door';

/** Sets the headers that keep browsers from guessing types, framing and leaking, before anything else is decided. */
export type SetSecureHeaders = (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Documents for browsers get all headers of helmet, and pages override its policy. Every other answer gets a few fixed
 * ones, under which a browser shows it as inert text.
 */
export function secureHeaders({ isHttps }: { readonly isHttps: boolean }): SetSecureHeaders {
  const ofDocuments = helmet({
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: isHttps,
  });
  const https = isHttps ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } : {};
  const ofOthers = lowerCaseNames({ ...bareHeaders, ...https });
  return (request, reply) => {
    if (doorOf(request)?.isDocument) ofDocuments(request.raw, reply.raw, throwIfError);
    else for (const [name, value] of ofOthers) void reply.header(name, value);
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
}

function throwIfError(error?: unknown): void {
  if (error) throw error as Error;
}
