export { Bytes } from './json/bytes';
export { FileText } from './json/file-text';
export { JsonNumber, toNumber } from './json/json-number';
export { LongText, longTextBytes } from './json/long-text';
export { entriesOf, mergedInOrder, orderedObject } from './json/ordered-object';
export { decodePercent, PercentText } from './json/percent-text';
export { isDeeperThan } from './json/nesting';
export { maxJsonDepth, readJson } from './json/read-json';
export { readJsonBytes } from './json/read-json-bytes';
export { bytesOfPieces, type JsonPieces, jsonPieces, writeJson } from './json/write-json';
export type { Answer, FailedAnswer, Operating, Result, CallTiming, RequestInfo } from './answer';
export { mapUnordered } from './map-unordered';
export type { Authorization, SendAuthorized } from './authorized';
export { type Clock, sleep, systemClock, unlessAborted, within } from './clock';
export { type Command, type Entity, type Inner, methodOfBatchCommand, methodsOf } from './command';
export {
  answerTooLarge,
  ExchangeFailure,
  exchangeTimedOut,
  hostNotAllowed,
  type HttpAnswer,
  type Post,
  type PostBody,
  type PostOptions,
} from './exchange';
export { type RetryReason, asFault, Fault, type FaultOptions, type VendorResponse } from './fault';
export { type FaultCode, faultCodes, faultTable } from './fault-table';
export { isMethodName } from './method-name';
export { concernsGrant, asCommandFault } from './command-fault';
export { isPortalId, portalId, type PortalId } from './portal';
export { linkRemoved, Scrubber } from './scrub/scrubber';
export { Secret } from './secret';
export type { Send } from './send';
export { setNewest } from './set-newest';
export { newSigningSecret, signatureHeaders } from './signature';
export { type ChargeOptions, sealedBytes, type StorageBudget, type StorageCharge, storedBytes } from './storage-budget';
export { version } from './version';
