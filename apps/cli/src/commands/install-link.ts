import type { App, Portal } from '../api-types';
import type { GatewayApi } from '../gateway-api';
import type { CommandContext } from '../command-context';
import { CommandFailure } from '../command-failure';
import { pathOf } from './portals';

/** The link that an administrator of the portal opens; of no portal, the page that asks for its address. */
export async function installLink(
  { api, paper }: CommandContext,
  name: string | undefined,
  app?: string,
): Promise<void> {
  const known = name === undefined ? undefined : await portalOf(api, name);
  const wanted = app ?? known?.app ?? 'default';
  const { urls } = await api.get<App>(`/v1/apps/${encodeURIComponent(wanted)}`);
  const link = new URL(urls.install);
  const domain = known?.domain ?? name;
  if (domain !== undefined) link.searchParams.set('portal', domain);
  paper.print({ link: link.href, app: wanted, ...(domain !== undefined && { portal: domain }) }, () => link.href);
  paper.hint('An administrator of the portal opens it in a browser and allows the app.');
}

/** An installed portal; a new one is named by its domain. */
async function portalOf(api: GatewayApi, name: string): Promise<Portal | undefined> {
  try {
    return await api.get<Portal>(pathOf(name));
  } catch (error) {
    const isNew = error instanceof CommandFailure && error.problem.code === 'portal_not_found' && /[.:]/.test(name);
    if (isNew) return undefined;
    throw error;
  }
}
