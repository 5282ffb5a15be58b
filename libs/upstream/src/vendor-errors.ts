import type { RetryReason, FaultCode } from '@b24/portal';

/**
 * command: this command was refused, others of its batch may have run. request: the request as a whole failed, or the
 * refusal would hold for every command of the portal; the latter is believed once a command of our own meets it too.
 */
export interface ErrorTranslation {
  readonly code: FaultCode;
  readonly concerns: 'request' | 'command';
  readonly retryReason?: RetryReason;
  readonly haltMs?: number;
  readonly detail?: string;
}

type TranslationExtras = Pick<ErrorTranslation, 'retryReason' | 'haltMs' | 'detail'>;
const concernsRequest = (code: FaultCode, extra: TranslationExtras = {}): ErrorTranslation => ({
  code,
  concerns: 'request',
  ...extra,
});
const concernsCommand = (code: FaultCode, detail?: string): ErrorTranslation => ({
  code,
  concerns: 'command',
  ...(detail && { detail }),
});

export const tokenRefused = concernsRequest('reauthorization_required', { retryReason: 'token_refused' });
const userGone = concernsRequest('reauthorization_required', {
  retryReason: 'user_refused',
  detail:
    'The user who granted access was dismissed or may no longer use the app; another administrator must authorize it.',
});
export const unpaid = concernsRequest('portal_payment_required');
const uninstalled = concernsRequest('portal_uninstalled');
const failed = concernsCommand('portal_error');
export const methodDenied = concernsCommand(
  'access_denied',
  'The portal refuses this method to the user who granted access, or to this kind of authorization; `upstream` has its error.',
);

/**
 * Codes with which single methods refuse (`ACCESS_DENIED` on some 400 pages of the vendor's reference,
 * `WRONG_AUTH_TYPE` on 77), and those that do so under 403 only. Their sentence may name the plan or the token instead.
 */
export const methodErrorCodes: ReadonlySet<string> = new Set(['access_denied', 'wrong_auth_type']);
export const methodErrorCodesAt403: ReadonlySet<string> = new Set(['invalid_credentials', 'authorization_error']);
export const namesPlan =
  /\b(?:commercial|paid|current|your) (?:plan|tariff|edition|subscription|licen[cs]e)s?\b|\btariff|тариф/i;
export const namesToken = /\b(?:access )?token\b/i;

/**
 * The vendor's error codes in lower case (docs/bitrix24-rules.md#errors). Any other code is the method's own refusal.
 */
export const vendorErrors: Readonly<Record<string, ErrorTranslation>> = {
  query_limit_exceeded: concernsRequest('portal_overloaded', { retryReason: 'bucket_full' }),
  overload_limit: concernsRequest('portal_overloaded', {
    haltMs: 5 * 60_000,
    detail: 'Bitrix24 has blocked calls to this portal by hand; ask its support before calling again.',
  }),
  operation_time_limit: concernsCommand('operating_time_spent'),

  expired_token: tokenRefused,
  invalid_token: tokenRefused,
  no_auth_found: tokenRefused,
  invalid_credentials: tokenRefused,
  wrong_auth_type: methodDenied,
  connection_error: concernsRequest('portal_overloaded', {
    retryReason: 'transient_error',
    detail: 'The portal could not reach its authorization server to check the token; the call was not run.',
  }),
  authorization_error: userGone,
  user_access_error: userGone,

  insufficient_scope: concernsCommand('insufficient_scope'),
  access_denied: methodDenied,
  payment_required: unpaid,
  verification_needed: unpaid,
  application_not_found: uninstalled,
  error_oauth: uninstalled,
  not_installed: uninstalled,
  method_confirm_waiting: concernsCommand(
    'access_denied',
    'An administrator of the portal has yet to allow this method.',
  ),
  method_confirm_denied: concernsCommand('access_denied', 'An administrator of the portal has denied this method.'),

  error_method_not_found: concernsCommand('method_not_found'),
  error_batch_method_not_allowed: concernsCommand('rejected_by_portal'),
  error_batch_length_exceeded: concernsCommand('rejected_by_portal'),
  error_manifest_is_not_available: concernsCommand('rejected_by_portal'),
  invalid_request: concernsCommand('portal_error', 'The portal takes calls over HTTPS only.'),

  internal_server_error: failed,
  error_unexpected_answer: failed,
  portal_deleted: concernsRequest('portal_deleted'),

  sonet_controller_workgroup_empty: concernsCommand('group_not_found'),
  sonet_controller_workgroup_not_found: concernsCommand('group_not_found'),

  // Version 3 of the API.
  bitrix_rest_v3_exception_methodnotfoundexception: concernsCommand('method_not_found'),
  bitrix_rest_v3_exception_accessdeniedexception: methodDenied,
  bitrix_rest_v3_exception_insufficientscopeexception: concernsCommand('insufficient_scope'),
  bitrix_rest_v3_exception_idempotencykeyreusedexception: concernsCommand('idempotency_conflict'),
};

/**
 * The sentences of the methods of scrums, groups and tasks (docs/bitrix24-rules.md#scrum), in lower case: these methods
 * return text only. A sentence may have a suffix behind it. What is not here, as "Unable to add sprint", says no more than
 * `rejected_by_portal` does.
 */
export const errorSentences: readonly (readonly [sentence: string, code: FaultCode])[] = [
  ['access denied', 'access_denied'],
  ['group id not found', 'group_not_found'],
  ['group is not found', 'group_not_found'],
  ['backlog id not found', 'backlog_not_found'],
  ['backlog not found', 'backlog_not_found'],
  ['backlog already added', 'backlog_already_exists'],
  ['the target group already has a backlog', 'backlog_already_exists'],
  ['it is forbidden move a backlog with items', 'backlog_not_empty'],
  ['it is forbidden remove a backlog with items', 'backlog_not_empty'],
  ['createdby user not found', 'user_not_found'],
  ['modifiedby user not found', 'user_not_found'],
  ['epic not found', 'epic_not_found'],
  ['epic files not attached', 'files_not_attached'],
  ['sprint id not found', 'sprint_not_found'],
  ['sprint not found', 'sprint_not_found'],
  ['incorrect sprintid value', 'sprint_not_found'],
  ['it is forbidden move a sprint with items', 'sprint_not_empty'],
  ['it is forbidden remove a sprint with items', 'sprint_not_empty'],
  ['sprint must be planned', 'sprint_not_planned'],
  ['unable to add two active sprint', 'sprint_already_active'],
  ['stage id not found', 'stage_not_found'],
  ['stageid id not found', 'stage_not_found'],
  ['stage not found', 'stage_not_found'],
  ['stage has tasks', 'stage_not_empty'],
  ['task id not found', 'task_not_found'],
  ['taskid id not found', 'task_not_found'],
  ['task not found', 'task_not_found'],
  ['entity id not found', 'entity_not_found'],
  ['socialnetwork group not found', 'group_not_found'],
  ['wrong socialnetwork group id', 'group_not_found'],
  ['you have no permissions to create a group', 'access_denied'],
  ['action on the task is not allowed', 'access_denied'],
  ['tasks_error_exception_#8; action failed', 'access_denied'],
  ['tasks_error_exception_#8; adding item: action not allowed', 'access_denied'],
  ['tasks_error_exception_#8; deleting item: action not allowed', 'access_denied'],
  ['tasks_error_exception_#512; check listitem not found or not accessible', 'checklist_item_not_found'],
  ['user specified in the "responsible" field not found', 'user_not_found'],
  ['the user specified in the "responsible" field was not found', 'user_not_found'],
];
