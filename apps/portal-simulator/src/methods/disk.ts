import { toInt, toText } from '../bind-parameter';
import type { DiskFile } from '../disk-store';
import type { MethodContext, MethodTable } from '../method-context';
import { isMap } from '../php-input';
import { VendorRefusal } from '../vendor-refusal';

/** `disk.*` of the vendor's documentation (disk-file-get, disk-folder-upload-file). */
export const diskMethods: MethodTable = {
  'disk.file.get': { scope: 'disk', run: getFile },
  'disk.folder.uploadFile': { scope: 'disk', writes: true, run: upload },
  'disk.storage.uploadFile': { scope: 'disk', writes: true, run: upload },
};

function getFile(context: MethodContext): unknown {
  const file = context.portal.disk.file(toInt(context.params['id']));
  if (!file) throw new VendorRefusal('ERROR_NOT_FOUND', 'Could not find entity with id.', 400);
  return shownFile(context, file);
}

/** A file as the methods of the disk show it. */
export function shownFile({ portal, caller }: Pick<MethodContext, 'portal' | 'caller'>, file: DiskFile): unknown {
  return {
    ID: String(file.id),
    NAME: file.name,
    CODE: null,
    STORAGE_ID: '4',
    TYPE: 'file',
    PARENT_ID: '8',
    DELETED_TYPE: 0,
    FILE_ID: file.id + 1000,
    SIZE: String(file.size),
    CREATE_TIME: '2026-01-12T10:00:00+03:00',
    DOWNLOAD_URL: portal.links.create(caller, 'download', `id=${file.id}`),
    DETAIL_URL: `http://${portal.domain}/docs/file/${file.name}`,
  };
}

/** Called without a file: where to post it, and the name of the field. */
function upload(context: MethodContext): unknown {
  const { params, portal, caller } = context;
  const folderId = toInt(params['id']);
  if (params['fileContent'] === undefined) {
    return { field: 'file', uploadUrl: portal.links.create(caller, 'upload', `id=${folderId}&generateUniqueName=0`) };
  }
  const { name, text } = inlineFile(params);
  const content = [Buffer.from(text, 'base64')];
  return shownFile(context, portal.disk.upload({ name, via: 'inline', folderId }, content));
}

/** `fileContent` is a name and base64, or base64 alone with the name in `data[NAME]`. */
function inlineFile({ fileContent, data }: MethodContext['params']): { name: string; text: string } {
  const named = isMap(data) ? toText(data['NAME']) : '';
  if (!Array.isArray(fileContent)) return { name: named, text: toText(fileContent) };
  return { name: named === '' ? toText(fileContent[0]) : named, text: toText(fileContent[1]) };
}
