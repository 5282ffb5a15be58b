import { toInt } from '../bind-parameter';
import { type MethodContext, type MethodTable, VendorPage } from '../method-context';

/** `user.get` of the vendor's documentation: photos are plain addresses of its file servers, open to all. */
export const userMethods: MethodTable = {
  'user.get': { scope: 'user', run: list },
};

function list({ portal, params }: MethodContext): VendorPage {
  const wanted = toInt(params['ID']);
  const users = [...portal.scrum.users].filter((id) => wanted === 0 || id === wanted).map(shown);
  return new VendorPage(users, users.length, undefined);
}

function shown(id: number): unknown {
  return {
    ID: String(id),
    ACTIVE: true,
    NAME: 'User',
    LAST_NAME: String(id),
    EMAIL: `user${id}@example.com`,
    PERSONAL_PHOTO: `https://cdn.bitrix24.com/b17053210/main/4b8/4b8f4f7d2a9f6c1e0d3b5a7986543210/user${id}.png`,
  };
}
