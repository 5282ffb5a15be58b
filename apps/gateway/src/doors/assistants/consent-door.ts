import { Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Door, FaultRenderer } from '../../http/door';
import { renderProblem } from '../../http/render-problem';
import { prefersPage } from '../pages/requested-page';
import { showPage } from '../pages/show-page';
import { consentFaultPage } from './consent-pages';

/** Renders a fault as a page where a browser asked for a page, and as a problem otherwise. */
const renderFaultPage: FaultRenderer = (fault, request, reply) => {
  if (prefersPage(request)) showConsentPage(reply, fault.status, (nonce) => consentFaultPage(nonce, fault, request.id));
  else renderProblem(fault, request, reply);
};

/** Admits people who are asked for their consent. */
export const consentDoor: Door = {
  needsStore: true,
  renderFault: renderFaultPage,
  takesForms: true,
  isDocument: true,
  admit: (request, { throttle }) => {
    throttle.mayOpenPage(request);
    return undefined;
  },
};

/**
 * Shows a page without scripts that no other page may frame, and whose forms lead here only. Without a referrer policy of
 * its own, browsers would post the forms without their origin.
 */
export function showConsentPage(reply: FastifyReply, status: number, page: (nonce: string) => string): void {
  void reply.headers({ 'Referrer-Policy': 'same-origin', 'X-Frame-Options': 'DENY' });
  showPage(reply, status, page, undefined, "form-action 'self'");
}

/** Checks that a page of ours posted a form. @throws Fault not_allowed */
export function assertOwnForm({ headers }: FastifyRequest, issuer: string): void {
  const { origin, 'sec-fetch-site': site } = headers;
  const isOwn = (origin ?? issuer) === issuer && (site ?? 'same-origin') === 'same-origin';
  if (!isOwn) throw new Fault('not_allowed', { detail: 'The form of another site is not taken.' });
}
