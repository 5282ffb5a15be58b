import type { SimulatedPortal } from '../../apps/portal-simulator/src';

/** Links of files carry a token that is new in each answer; other links differ in the portal's domain. */
const fileLink = /("(?:DOWNLOAD_URL|downloadUrl|uploadUrl)": ?")[^"]*/g;

/** JSON text of an answer without what differs between two equal portals. Numeric names stay in their order. */
export function comparableText(text: string, portal: SimulatedPortal): string {
  return text.replace(fileLink, '$1{link}').replaceAll(portal.domain, '{domain}');
}
