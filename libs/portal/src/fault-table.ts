import { type FaultRow, row } from './fault-row';

/** Every way a call can fail. The list is closed: callers switch on the codes, docs/faults.md explains them, openapi.json lists them. */
export const faultTable = {
  invalid_request: row(400, 'never', 'The request is not valid', 'Fix the fields listed in `errors` and retry.'),

  key_missing: row(
    401,
    'never',
    'The request has no key',
    'Send `Authorization: Bearer <key>` with a key of this gateway.',
  ),
  key_invalid: row(
    401,
    'never',
    'The key is not known',
    'Check the key for typing errors; it may also have been deleted.',
  ),

  key_expired: row(
    401,
    'never',
    'The key has expired',
    'Create a new key: POST /v1/clients/{id}/rotate with a later `expiresAt`.',
  ),

  session_ended: row(401, 'never', 'The session has ended', 'Sign in again at /console with an administrator’s key.'),
  assistant_token_invalid: row(401, 'never', 'The token is not valid', 'Refresh it, or connect once more.'),
  assistant_not_registered: row(401, 'never', 'The app is not registered here', 'Add the gateway to it once more.'),

  portal_payment_required: row(
    402,
    'never',
    "The portal's plan does not allow this",
    "The portal's owner must renew or upgrade its Bitrix24 plan; then retry.",
  ),

  not_allowed: row(
    403,
    'never',
    'This key may not make this call',
    'Use a key whose scopes and portals include the call.',
  ),
  access_denied: row(
    403,
    'never',
    'The portal denied access',
    'Give the user who installed the app access to this group in Bitrix24, or check that the group exists.',
  ),
  insufficient_scope: row(
    403,
    'never',
    "The app's permissions do not cover this call",
    'Add the missing scope to the app in Bitrix24 and install the app again.',
  ),
  install_refused: row(
    403,
    'never',
    'The install could not be verified',
    'Nothing was changed. Install the app from the portal again, or start at /install.',
  ),
  administrator_required: row(
    403,
    'never',
    'The user is not an administrator of the portal',
    'Nothing was replaced; the existing connection stays. Ask an administrator of the portal to open this page.',
  ),
  state_invalid: row(
    403,
    'never',
    'The authorization was not started in this browser',
    'Start again at /install in the same browser and finish within ten minutes.',
  ),
  sign_in_refused: row(403, 'never', 'The sign-in was refused', 'Start again at /console.'),
  event_refused: row(
    403,
    'never',
    'The event could not be verified',
    'Nothing was changed. If the portal is real, install the app on it again.',
  ),

  portal_not_found: row(
    404,
    'never',
    'No such portal here',
    'Check the member id, alias or domain, and that this key may use the portal; or install the app on it at /install.',
  ),
  backlog_not_found: row(
    404,
    'never',
    'No such backlog',
    'Check the id. A group gets a backlog when one is added or when its planning page is first opened.',
  ),
  app_not_found: row(
    404,
    'never',
    'No such app here',
    'List the apps with GET /v1/apps, or register the app with POST /v1/apps.',
  ),
  epic_not_found: row(404, 'never', 'No such epic', "Check the id against the group's epics."),
  sprint_not_found: row(
    404,
    'never',
    'No such sprint',
    "Check the id against the group's sprints. Completing a sprint requires an active one.",
  ),
  stage_not_found: row(404, 'never', 'No such stage', "Check the id against the sprint's stages."),
  task_not_found: row(
    404,
    'never',
    'No such task',
    "Check the id, and that the task belongs to the sprint's group and is part of its scrum.",
  ),
  checklist_item_not_found: row(404, 'never', 'No such checklist item', "Check the id against the task's checklist."),
  client_not_found: row(404, 'never', 'No such client', 'List the clients with GET /v1/clients.'),
  assistant_not_found: row(404, 'never', 'No such assistant', 'List them: GET /v1/clients/{id}/assistants.'),
  session_not_found: row(404, 'never', 'No such session', 'List the sessions with GET /v1/sessions.'),
  subscription_not_found: row(
    404,
    'never',
    'No such subscription',
    'List the subscriptions with GET /v1/subscriptions.',
  ),
  dead_letter_not_found: row(
    404,
    'never',
    'No such dead letter',
    'It was replayed, or dropped to make room for a newer one; list them with GET /v1/subscriptions/{id}/dead-letters.',
  ),
  job_not_found: row(
    404,
    'never',
    'No such job',
    'Another key created it, or it finished more than a day ago; list your jobs with GET /v1/jobs.',
  ),
  method_not_found: row(
    404,
    'never',
    'The portal does not know this method',
    "Check the method's name and that the portal's version has it.",
  ),
  file_link_invalid: row(
    404,
    'never',
    'The link to the file is not valid',
    'It was changed, or is older than an hour. Call the method again, which returns a new link.',
  ),
  route_not_found: row(404, 'never', 'No such route', 'See /docs or /openapi.json for the available routes.'),

  job_not_retryable: row(409, 'never', 'The job can’t be retried', 'Retry what failed of a finished job.'),
  backlog_already_exists: row(
    409,
    'never',
    'The group already has a backlog',
    'Read it with GET /v1/portals/{portal}/groups/{groupId}/backlog; a group has only one.',
  ),
  backlog_not_empty: row(409, 'never', 'The backlog still has items', 'Move or delete its items first.'),
  sprint_not_empty: row(409, 'never', 'The sprint still has items', 'Move its tasks first.'),
  sprint_not_planned: row(
    409,
    'never',
    'The sprint is not planned',
    'The sprint is active or completed; only a planned sprint can be started.',
  ),
  sprint_already_active: row(
    409,
    'never',
    'The group already has an active sprint',
    'Complete the active sprint first; a group can have only one.',
  ),
  stage_not_empty: row(409, 'never', 'The stage still has tasks', 'Move its tasks to another stage first.'),
  idempotency_conflict: row(
    409,
    'never',
    'The Idempotency-Key is already in use',
    'The key was sent with another method, path or body; use a new key for each new write.',
  ),
  reauthorization_required: row(
    409,
    'never',
    'The portal must be authorized again',
    'Open the link in `authorizeUrl` as an administrator of the portal.',
  ),
  portal_suspended: row(
    409,
    'never',
    'The portal is suspended',
    'An operator stopped calls to this portal; PATCH /v1/portals/{portal} {"suspended": false} resumes them.',
  ),
  portal_waiting: row(
    409,
    'never',
    'The portal is waiting for approval',
    'No operator has admitted this portal yet; PATCH /v1/portals/{portal} {"admitted": true} admits it.',
  ),
  portal_already_installed: row(
    409,
    'never',
    'The portal is already connected',
    'It is installed through the app, which can do everything that a webhook can; call it as it is.',
  ),
  app_already_registered: row(
    409,
    'never',
    'The app is already registered',
    'Change its name and secret with PATCH /v1/apps/{id}.',
  ),
  app_in_use: row(
    409,
    'never',
    'Portals still use the app',
    'Install another app on them, or remove them with DELETE /v1/portals/{portal}; GET /v1/portals?app={id} lists them.',
  ),
  app_of_settings: row(
    409,
    'never',
    'The app is configured by environment variables',
    'Change B24_CLIENT_ID and B24_CLIENT_SECRET and restart the gateway.',
  ),
  too_many_subscriptions: row(
    409,
    'never',
    'There are too many subscriptions',
    'Delete an unused subscription; one subscription can cover many events and portals.',
  ),
  too_many_assistants: row(409, 'never', 'The client has too many assistants', 'End one that is not used.'),
  alias_taken: row(409, 'never', 'Another portal has this alias', 'Choose another alias.'),
  list_changed: row(
    409,
    'unsafe',
    'The list changed while it was read',
    'Records were added or removed between two pages. Repeat the request, or leave out `order` where the list can be read by id.',
  ),

  answer_not_stored: row(
    410,
    'never',
    'The write was executed, but its answer was not stored',
    'The write is not repeated. Read the affected entity, and do not resend the write with another Idempotency-Key.',
  ),
  portal_deleted: row(410, 'never', 'The portal no longer exists', 'Remove it with DELETE /v1/portals/{portal}.'),
  portal_uninstalled: row(
    410,
    'never',
    'The app was uninstalled from the portal',
    'Install the app again at /install.',
  ),

  body_too_large: row(
    413,
    'never',
    'The request body is too large',
    'Send less; `detail` names the limit. Calls with parameters may be as large as UPLOAD_LIMIT_MIB says.',
  ),
  unsupported_media_type: row(
    415,
    'never',
    'The content type is not supported',
    'Send `Content-Type: application/json`.',
  ),

  target_not_allowed: row(
    422,
    'never',
    'Events may not be sent to this host',
    'Add the host to EVENT_TARGET_HOSTS, and its address range if it is inside your network.',
  ),
  group_not_found: row(422, 'never', 'No such group', "Check the group's id in the portal."),
  group_not_scrum: row(422, 'never', 'The group is no scrum', "Check the group's `type`: only a scrum has a board."),
  user_not_found: row(422, 'never', 'No such user', "Check the users' ids in the portal."),
  entity_not_found: row(
    422,
    'never',
    'No such backlog or sprint',
    'Set `entityId` to the backlog or sprint that receives the task; a task outside the scrum requires it.',
  ),
  files_not_attached: row(
    422,
    'never',
    'The files were not attached',
    'The epic may have been saved without them: read the epic, check the file ids, and update it.',
  ),
  rejected_by_portal: row(422, 'never', 'The portal rejected the call', "Read the portal's error in `upstream`."),

  command_not_run: row(
    424,
    'safe',
    'The command was not executed',
    'An earlier command in the batch failed, so this one was not executed. Fix that one and retry.',
  ),

  client_rate_limited: row(
    429,
    'safe',
    'This key exceeds its rate limit',
    'Retry after `Retry-After` seconds. The rate of a key counts every command of a request.',
  ),
  too_many_attempts: row(
    429,
    'safe',
    'Too many failed attempts from this address',
    'Retry after `Retry-After` seconds. Requests with a valid key are not affected.',
  ),
  too_many_requests: row(
    429,
    'safe',
    'Too many concurrent requests from this key or address',
    'Retry after `Retry-After` seconds, and limit the number of concurrent requests.',
  ),
  too_many_jobs: row(
    429,
    'safe',
    'This key has too many unfinished jobs',
    'Retry after `Retry-After` seconds, or cancel a job.',
  ),
  storage_budget_spent: row(
    429,
    'safe',
    'This key has used up its storage',
    'The idempotency records and jobs of the last day fill CLIENT_BUDGET_MIB; retry after `Retry-After` seconds.',
  ),
  queue_full: row(429, 'safe', 'Too many calls wait for this portal', 'Retry after `Retry-After` seconds.'),
  operating_time_spent: row(
    429,
    'safe',
    "The method's operating time on this portal is used up",
    'Retry after `Retry-After` seconds; other methods are not affected.',
  ),

  internal_error: row(
    500,
    'unsafe',
    'The gateway failed',
    'This is a bug in the gateway; report it with the request id.',
  ),

  portal_error: row(
    502,
    'unsafe',
    'The portal failed',
    'The portal failed, not the request. A write may or may not have been executed; read before you write again.',
  ),
  portal_unreachable: row(
    502,
    'safe',
    'The portal could not be reached',
    'No connection to the portal could be made, so the call was not sent; retry shortly.',
  ),
  result_too_large: row(
    502,
    'never',
    'The result is too large to store',
    'The call was executed. Request less data per call, or omit respond-async.',
  ),
  answer_too_large: row(
    502,
    'never',
    "The portal's answer is too large",
    'The call was executed, but its answer exceeds 16 MiB. Request fewer fields or one page of a list; read files by their links.',
  ),
  list_not_walkable: row(
    502,
    'never',
    'The list cannot be read to its end',
    'The portal does not page this list in a way that can be followed; `detail` names the position. Narrow the filter to one page.',
  ),
  host_not_allowed: row(
    502,
    'never',
    "The portal's host is not allowed",
    "The host is not listed in B24_PORTAL_HOSTS, or resolves to an address inside the operator's network; nothing was sent.",
  ),
  authorization_server_error: row(
    502,
    'safe',
    'The authorization server failed',
    'The token could not be refreshed, so the call was not sent; retry shortly.',
  ),

  identity_provider_error: row(502, 'safe', 'The identity provider does not answer', 'Use a key, or retry shortly.'),
  administrator_unknown: row(
    502,
    'safe',
    'The portal did not confirm that the user is an administrator',
    'Nothing was replaced, because the portal did not answer; retry shortly.',
  ),

  store_unavailable: row(503, 'safe', "The gateway's store is unavailable", 'The call was not sent; retry shortly.'),
  portal_overloaded: row(
    503,
    'safe',
    'The portal is overloaded',
    'The portal rejected the call without executing it; retry later.',
  ),
  shutting_down: row(
    503,
    'safe',
    'This replica is shutting down',
    'The call was not sent; retry, and another replica handles it.',
  ),

  no_answer: row(
    504,
    'safe',
    'The portal sent no complete answer',
    'The call only reads, so it may be sent again; `detail` says how its answer was lost.',
  ),
  deadline_exceeded: row(
    504,
    'safe',
    'The deadline passed while the call was queued',
    'The call was not sent; retry, with a later X-Deadline-Ms if the queue is long.',
  ),
  outcome_unknown: row(
    504,
    'unsafe',
    'The portal did not answer in time',
    'The call was sent and may have been executed; read before you write again.',
  ),
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faultTable;
export const faultCodes = Object.keys(faultTable) as FaultCode[];
