export { Catalog } from './catalog';
export type { IdNames } from './method-record';
