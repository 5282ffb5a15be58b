/** What the API answers; openapi.json says it, and the client's types are made from that. */
export type {
  App,
  Assistant,
  AuditEntry,
  CallAnswer,
  Client,
  CreatedClient,
  Job,
  LoggedCall,
  Portal,
  PortalDetails,
  Readiness,
} from '../../../libs/client/src/generated/types.gen';
