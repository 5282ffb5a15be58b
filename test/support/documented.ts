import { ApiDocument, type DocumentedAnswer } from './api-document';

const document = ApiDocument.read();

/** @throws Error when openapi.json does not say that the operation can answer so. What is no operation passes. */
export function mustBeDocumented(method: string, url: string, answer: DocumentedAnswer): void {
  const operation = document.operationAt(method.toUpperCase(), url.split('?')[0] ?? '');
  const complaint = operation && document.complaintOf(operation, answer);
  if (complaint) throw new Error(complaint);
}
