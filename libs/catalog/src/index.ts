export { Catalog } from './catalog';
