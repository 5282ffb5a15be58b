export { Catalog } from './catalog';
export { type BaseDocument, methodDocumentNames, methodIndex, methodsDocument } from './document/methods-document';
export type { IdNames } from './method-record';
