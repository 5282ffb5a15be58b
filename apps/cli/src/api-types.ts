/** What the API answers; openapi.json says it, and the client's types are made from that. */
export type {
  App,
  AuditEntry,
  CallAnswer,
  Client,
  CreatedClient,
  DeadLetters,
  Deliveries,
  EventBindings,
  Job,
  JobItems,
  JobRetry,
  Portal,
  PortalDetails,
  Readiness,
  Subscription,
  SubscriptionDetails,
} from '../../../libs/client/src/generated/types.gen';
