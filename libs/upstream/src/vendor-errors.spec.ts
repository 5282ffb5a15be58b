import { type RetryReason, type FaultCode, systemClock } from '@b24/portal';
import { translate } from './translate';
import { errorSentences, vendorErrors } from './vendor-errors';

type ErrorRow = readonly [
  error: string,
  statuses: readonly number[],
  code: FaultCode,
  concerns: Concerns,
  retryReason?: RetryReason,
];
type Concerns = 'request' | 'command';

/** The vendor's table, said here once more by hand: a change of the translation must be made twice. */
const codes: readonly ErrorRow[] = [
  ['QUERY_LIMIT_EXCEEDED', [503], 'portal_overloaded', 'request', 'bucket_full'],
  ['OVERLOAD_LIMIT', [503], 'portal_overloaded', 'request'],
  ['OPERATION_TIME_LIMIT', [429], 'operating_time_spent', 'command'],
  ['expired_token', [401], 'reauthorization_required', 'request', 'token_refused'],
  ['invalid_token', [401], 'reauthorization_required', 'request', 'token_refused'],
  ['CONNECTION_ERROR', [401], 'portal_overloaded', 'request', 'transient_error'],
  ['NO_AUTH_FOUND', [401, 403], 'reauthorization_required', 'request', 'token_refused'],
  ['INVALID_CREDENTIALS', [401], 'reauthorization_required', 'request', 'token_refused'],
  ['INVALID_CREDENTIALS', [403], 'access_denied', 'command'],
  ['WRONG_AUTH_TYPE', [401, 403], 'access_denied', 'command'],
  ['authorization_error', [401], 'reauthorization_required', 'request', 'user_refused'],
  ['authorization_error', [403], 'access_denied', 'command'],
  ['user_access_error', [403, 401], 'reauthorization_required', 'request', 'user_refused'],
  ['insufficient_scope', [403, 401], 'insufficient_scope', 'command'],
  ['ACCESS_DENIED', [403, 401, 400], 'access_denied', 'command'],
  ['PAYMENT_REQUIRED', [401, 403], 'portal_payment_required', 'request'],
  ['verification_needed', [401, 403], 'portal_payment_required', 'request'],
  ['APPLICATION_NOT_FOUND', [401], 'portal_uninstalled', 'request'],
  ['ERROR_OAUTH', [401], 'portal_uninstalled', 'request'],
  ['NOT_INSTALLED', [401], 'portal_uninstalled', 'request'],
  ['METHOD_CONFIRM_WAITING', [401], 'access_denied', 'command'],
  ['METHOD_CONFIRM_DENIED', [403], 'access_denied', 'command'],
  ['ERROR_METHOD_NOT_FOUND', [404], 'method_not_found', 'command'],
  ['INVALID_REQUEST', [400], 'portal_error', 'command'],
  ['ERROR_BATCH_METHOD_NOT_ALLOWED', [200, 405], 'rejected_by_portal', 'command'],
  ['ERROR_BATCH_LENGTH_EXCEEDED', [200, 400], 'rejected_by_portal', 'command'],
  ['ERROR_MANIFEST_IS_NOT_AVAILABLE', [404], 'rejected_by_portal', 'command'],
  ['INTERNAL_SERVER_ERROR', [500], 'portal_error', 'command'],
  ['ERROR_UNEXPECTED_ANSWER', [500], 'portal_error', 'command'],
  ['PORTAL_DELETED', [500, 403, 410], 'portal_deleted', 'request'],
  ['SONET_CONTROLLER_WORKGROUP_EMPTY', [400], 'group_not_found', 'command'],
  ['SONET_CONTROLLER_WORKGROUP_NOT_FOUND', [400], 'group_not_found', 'command'],
];
/** The method's own refusals: the code says nothing, the text says which. */
const wordless = ['0', '100', '', 'ERROR_ARGUMENT', 'ERROR_CORE'];
const sentences: readonly (readonly [sentence: string, code: FaultCode])[] = [
  ['Access denied', 'access_denied'],
  ['Group id not found', 'group_not_found'],
  ['Group is not found', 'group_not_found'],
  ['Backlog id not found', 'backlog_not_found'],
  ['Backlog not found', 'backlog_not_found'],
  ['Backlog already added', 'backlog_already_exists'],
  ['The target group already has a backlog', 'backlog_already_exists'],
  ['It is forbidden move a backlog with items', 'backlog_not_empty'],
  ['It is forbidden remove a backlog with items', 'backlog_not_empty'],
  ['createdBy user not found', 'user_not_found'],
  ['modifiedBy user not found', 'user_not_found'],
  ['Epic not found', 'epic_not_found'],
  ['Epic files not attached', 'files_not_attached'],
  ['Sprint id not found', 'sprint_not_found'],
  ['Sprint not found', 'sprint_not_found'],
  ['Incorrect sprintId value', 'sprint_not_found'],
  ['It is forbidden move a sprint with items', 'sprint_not_empty'],
  ['It is forbidden remove a sprint with items', 'sprint_not_empty'],
  ['Sprint must be planned', 'sprint_not_planned'],
  ['Unable to add two active sprint', 'sprint_already_active'],
  ['Stage id not found', 'stage_not_found'],
  ['StageId id not found', 'stage_not_found'],
  ['Stage not found', 'stage_not_found'],
  ['Stage has tasks', 'stage_not_empty'],
  ['Task id not found', 'task_not_found'],
  ['TaskId id not found', 'task_not_found'],
  ['Task not found', 'task_not_found'],
  ['Entity id not found', 'entity_not_found'],
  ['Socialnetwork group not found', 'group_not_found'],
  ['Wrong socialnetwork group ID', 'group_not_found'],
  ['You have no permissions to create a group', 'access_denied'],
  ['Action on the task is not allowed', 'access_denied'],
  ['TASKS_ERROR_EXCEPTION_#8; Action failed', 'access_denied'],
  ['TASKS_ERROR_EXCEPTION_#8; Adding item: action not allowed', 'access_denied'],
  ['TASKS_ERROR_EXCEPTION_#8; Deleting item: action not allowed', 'access_denied'],
  ['TASKS_ERROR_EXCEPTION_#512; Check listitem not found or not accessible', 'checklist_item_not_found'],
  ['User specified in the "Responsible" field not found', 'user_not_found'],
  ['The user specified in the "Responsible" field was not found', 'user_not_found'],
  ['Task not found. The task must be with GROUP_ID', 'task_not_found'],
  ['Name not found', 'rejected_by_portal'],
  ['Name is not found', 'rejected_by_portal'],
  ['Epic not created', 'rejected_by_portal'],
  ['Epic not updated', 'rejected_by_portal'],
  ['Could not load list', 'rejected_by_portal'],
  ['Incorrect dateStart format', 'rejected_by_portal'],
  ['Incorrect dateEnd format', 'rejected_by_portal'],
  ['Incorrect sprint status', 'rejected_by_portal'],
  ['Unable to add sprint', 'rejected_by_portal'],
  ['Sprint not created', 'rejected_by_portal'],
  ['Sprint not updated', 'rejected_by_portal'],
  ['Unable to start sprint', 'rejected_by_portal'],
  ['Sprint items have not been moved to backlog', 'rejected_by_portal'],
  ['Incorrect name format', 'rejected_by_portal'],
  ['Item not created', 'rejected_by_portal'],
  ['Unable to update task', 'rejected_by_portal'],
  ['Unable to add backlog', 'rejected_by_portal'],
  ['Unable to update backlog', 'rejected_by_portal'],
  ['Could not find value for parameter {id}', 'rejected_by_portal'],
  ['Invalid value {x} to match with parameter {id}. Should be value of type int.', 'rejected_by_portal'],
];
const v3Code = (name: string) => `BITRIX_REST_V3_EXCEPTION_${name}EXCEPTION`;
const said = (error: string, description: string, status: number) =>
  translate({ method: 'm', status, error, description }, undefined, systemClock.now());

describe("the vendor's table", () => {
  const rows = codes.map(([error, statuses, code, on, retryReason]) => ({ error, statuses, code, on, retryReason }));
  it.each(rows)('$error is translated the same with every status it comes with', (row) => {
    const { error, statuses, code, on, retryReason } = row;
    for (const status of statuses) {
      for (const spelling of [error, error.toLowerCase(), error.toUpperCase()]) {
        const { fault, concerns } = said(spelling, 'whatever', status);
        expect([fault.code, concerns, fault.retryReason]).toEqual([code, on, retryReason]);
        expect(fault.upstream).toEqual({ method: 'm', status, error: spelling, description: 'whatever' });
      }
    }
  });

  it.each(sentences)('"%s" is %s behind every code that says nothing', (sentence, code) => {
    for (const error of wordless) {
      for (const words of [sentence, sentence.toUpperCase(), ` ${sentence}.`, `${sentence} (group 125)`]) {
        const { fault, concerns } = said(error, words, 400);
        expect([fault.code, concerns, fault.retryReason]).toEqual([code, 'command', undefined]);
      }
    }
  });

  const ofMethods = ['ACCESS_DENIED 400', 'WRONG_AUTH_TYPE 403', 'INVALID_CREDENTIALS 403', 'AUTHORIZATION_ERROR 403'];
  const sentencesOfMethods: readonly (readonly [sentence: string, code: FaultCode, concerns: Concerns])[] = [
    ['REST API is available only on commercial plans.', 'portal_payment_required', 'request'],
    ['Not available on your plan', 'portal_payment_required', 'request'],
    ['Доступно на коммерческих тарифах', 'portal_payment_required', 'request'],
    ['The access token is not for this portal', 'reauthorization_required', 'request'],
    ['Access denied! | No permission to modify the deal', 'access_denied', 'command'],
    ['Current authorization type is denied for this method Application context required', 'access_denied', 'command'],
    ['The user does not have permission to plan sprints', 'access_denied', 'command'],
    ['', 'access_denied', 'command'],
  ];
  it.each(ofMethods)("%s is the method's own refusal, unless its sentence names the plan or the token", (row) => {
    const [error = '', status] = row.split(' ');
    for (const [sentence, code, on] of sentencesOfMethods) {
      const { fault, concerns } = said(error, sentence, Number(status));
      expect([sentence, fault.code, concerns]).toEqual([sentence, code, on]);
    }
  });

  it.each([
    ['METHODNOTFOUND', 'method_not_found'],
    ['ACCESSDENIED', 'access_denied'],
    ['INSUFFICIENTSCOPE', 'insufficient_scope'],
    ['IDEMPOTENCYKEYREUSED', 'idempotency_conflict'],
    ['ENTITYNOTFOUND', 'rejected_by_portal'],
  ])('%s of version 3 is %s', (name, code) => {
    const { fault, concerns } = said(v3Code(name), 'whatever', 400);
    expect([fault.code, concerns]).toEqual([code, 'command']);
  });

  it('holds nothing else', () => {
    const ofV3 = ['METHODNOTFOUND', 'ACCESSDENIED', 'INSUFFICIENTSCOPE', 'IDEMPOTENCYKEYREUSED'].map(v3Code);
    const names = new Set([...codes.map(([error]) => error), ...ofV3].map((it) => it.toLowerCase()));
    expect(Object.keys(vendorErrors).sort()).toEqual([...names].sort());
    const known = sentences.filter(([, code]) => code !== 'rejected_by_portal');
    const knownSentences = new Set(known.map(([it]) => it.toLowerCase().split('. ')[0]));
    expect(errorSentences.map(([sentence]) => sentence)).toEqual([...knownSentences]);
  });

  it('explains in words of its own what the code of a fault leaves open', () => {
    const detail = (error: string) => said(error, '', 401).fault.message;
    expect(detail('OVERLOAD_LIMIT')).toContain('by hand');
    expect(detail('CONNECTION_ERROR')).toContain('authorization server');
    expect(detail('authorization_error')).toContain('dismissed');
    expect(detail('METHOD_CONFIRM_WAITING')).toContain('has yet to allow');
    expect(detail('METHOD_CONFIRM_DENIED')).toContain('has denied');
    expect(detail('INVALID_REQUEST')).toContain('HTTPS');
  });
});
