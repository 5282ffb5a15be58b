/** What the API answers; openapi.json says it, and the client's types are made from that. */
export type {
  App,
  AuditEntry,
  CallAnswer,
  Client,
  ConsoleSession,
  ConsoleSessions,
  CreatedClient,
  Job,
  Portal,
  PortalDetails,
  Readiness,
} from '../../../libs/client/src/generated/types.gen';
