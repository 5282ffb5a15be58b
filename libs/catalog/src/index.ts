export { Catalog } from './catalog';
export { type BaseDocument, methodDocumentNames, methodsDocument } from './document/methods-document';
export { describeMethod, type FieldDescription, type MethodDescription } from './description/describe-method';
export { findMethods, type MethodSummary } from './description/summarize-method';
