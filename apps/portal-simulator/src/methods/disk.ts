import { createHash } from 'node:crypto';
import { toInt } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import { VendorRefusal } from '../vendor-refusal';

/**
 * `disk.*` of the vendor's documentation (disk-file-get, disk-folder-upload-file): its links carry the caller's access
 * token in `auth=` and once more, in base64, inside `token=`; those of a webhook carry its secret in the path.
 */
export const diskMethods: MethodTable = {
  'disk.file.get': { scope: 'disk', run: fileOf },
  'disk.folder.uploadFile': { scope: 'disk', writes: true, run: upload },
};

function fileOf(context: MethodContext): unknown {
  const id = toInt(context.params['id']);
  if (id <= 0) throw new VendorRefusal('ERROR_NOT_FOUND', 'Could not find entity with id.', 400);
  return {
    ID: String(id),
    NAME: `file-${id}.txt`,
    CODE: null,
    STORAGE_ID: '4',
    TYPE: 'file',
    PARENT_ID: '8',
    DELETED_TYPE: 0,
    FILE_ID: id + 1000,
    SIZE: '42',
    CREATE_TIME: '2026-01-12T10:00:00+03:00',
    DOWNLOAD_URL: link(context, 'download', { id: `id=${id}`, name: 'disk' }),
    DETAIL_URL: `http://${context.portal.domain}/docs/file/file-${id}.txt`,
  };
}

/** Called without a file: where to post it, and the name of the field. */
function upload(context: MethodContext): unknown {
  const id = toInt(context.params['id']);
  return { field: 'file', uploadUrl: link(context, 'upload', { id: `folder=${id}`, name: 'disk' }) };
}

/** `token=` is `disk|<base64 of the file>|<base64 of "download|disk|<file>|<hash>|<token>">`, each `|` percent-encoded. */
function link({ portal, caller }: MethodContext, action: string, { id, name }: { id: string; name: string }): string {
  const hash = createHash('md5').update(`${action}${id}`).digest('hex');
  const file = base64(`${id}&_=${hash}`);
  const signature = base64([action, name, file, hash, caller.key].join('|'));
  const token = encodeURIComponent([name, file, signature].join('|'));
  if (caller.kind === 'webhook') {
    return `http://${portal.domain}/rest/${caller.userId}/${caller.key}/${action}/?token=${token}`;
  }
  return `http://${portal.domain}/rest/${action}.json?auth=${caller.key}&token=${token}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
