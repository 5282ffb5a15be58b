export { Catalog } from './catalog';
export { type BaseDocument, methodDocumentNames, methodIndex, methodsDocument } from './document/methods-document';
export type { Listing, PagePosition } from './listing';
export type { IdNames } from './method-record';
export { describeMethod, type FieldDescription, type MethodDescription } from './description/describe-method';
export { findMethods, type MethodSummary } from './description/summarize-method';
