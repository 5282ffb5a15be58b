export { Catalog } from './catalog';
export { type BaseDocument, methodDocumentNames, methodsDocument } from './document/methods-document';
export type { IdNames } from './method-record';
