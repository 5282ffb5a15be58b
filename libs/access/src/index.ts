export { type Client, type Scope, scopes } from './client';
export { ClientKeys, type NewClient } from './client-keys';
export { checkAccess, matches, mayTouch, type Wish } from './policy';
