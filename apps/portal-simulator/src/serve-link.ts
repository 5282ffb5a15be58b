import { toInt, toText } from './bind-parameter';
import type { DiskFile } from './disk-store';
import type { AuthenticatedCaller } from './method-context';
import { shownFile } from './methods/disk';
import type { PortalState } from './portal-state';
import type { ReceivedBody, ReceivedFile } from './received-body';
import { VendorRefusal } from './vendor-refusal';

interface OpenedLink {
  readonly portal: PortalState;
  readonly caller: AuthenticatedCaller;
  readonly token: unknown;
}

/** `download`: the file that a link leads to. */
export function linkedFile({ portal, caller, token }: OpenedLink): DiskFile {
  const { id } = portal.links.open(caller, 'download', token);
  const file = portal.disk.file(toInt(id));
  if (!file) throw new VendorRefusal('ERROR_NOT_FOUND', 'Could not find entity with id.', 400);
  return file;
}

/** `upload`: stores the file of the form's field `file`, or the whole body, and returns it as the method would. */
export function storeUpload({ portal, caller, token }: OpenedLink, received: ReceivedBody): unknown {
  const { id, name } = portal.links.open(caller, 'upload', token);
  const sent = received.files.find(({ field }) => field === 'file' || field === '');
  const content = sent === undefined ? undefined : received.contents.get(sent);
  if (!sent || !content) throw new VendorRefusal('ERROR_ARGUMENT', "Argument 'file' is null or empty", 400);
  const via = sent.field === '' ? 'raw' : 'multipart';
  const file = { name: nameOf(sent, name), via, folderId: toInt(id) } as const;
  return shownFile({ portal, caller }, portal.disk.upload(file, content));
}

function nameOf(sent: ReceivedFile, fallback: unknown): string {
  return sent.name === '' ? toText(fallback) || 'file' : sent.name;
}
