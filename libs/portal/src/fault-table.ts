/**
 * Whether the same call may be made again as it is.
 * never: it would fail the same way. safe: it was not carried out. unsafe: it may have been, so only a read may.
 */
export type Retry = 'never' | 'safe' | 'unsafe';

interface Row {
  readonly status: number;
  readonly retry: Retry;
  readonly title: string;
  /** One sentence that says what to do; the `detail` of a problem unless the fault has words of its own. */
  readonly advice: string;
}

const row = (status: number, retry: Retry, title: string, advice: string): Row => ({ status, retry, title, advice });

/** Every way a call can fail. Closed: callers switch on these, docs/faults.md explains them, openapi.json lists them. */
export const faultTable = {
  invalid_request: row(400, 'never', 'The request is not valid', 'Mend what `errors` names and send it again.'),

  key_missing: row(401, 'never', 'No key was sent', 'Send `Authorization: Bearer <key>` with a key of this gateway.'),
  key_invalid: row(401, 'never', 'The key is not known', 'Check the key; it may have been deleted or mistyped.'),

  key_expired: row(
    401,
    'never',
    'The key has expired',
    'Ask for a new one: POST /v1/clients/{id}/rotate with a later `expiresAt`.',
  ),

  session_ended: row(
    401,
    'never',
    'You are not signed in any more',
    'Sign in again at /console with an administrator’s key.',
  ),

  portal_payment_required: row(
    402,
    'never',
    "The portal's plan does not allow this",
    "The portal's owner must renew or extend its Bitrix24 plan; then call again.",
  ),

  not_allowed: row(403, 'never', 'The key may not do this', 'Use a key whose scopes and portals include this call.'),
  access_denied: row(
    403,
    'never',
    'The portal denies access',
    'Give the user who installed the app access to this group in Bitrix24, or check that the group exists.',
  ),
  insufficient_scope: row(
    403,
    'never',
    "The app's permissions do not cover this",
    'Add the missing scope to the app in Bitrix24 and install it again.',
  ),
  install_refused: row(
    403,
    'never',
    'The install could not be verified',
    'Nothing was changed. Install from the portal again, or start at /install.',
  ),
  administrator_required: row(
    403,
    'never',
    'Only an administrator of the portal may do this',
    'Nothing was replaced: who is connected stays. An administrator of the portal must open this page.',
  ),
  state_invalid: row(
    403,
    'never',
    'This authorization was not started here',
    'Start again at /install, in the same browser, and finish within ten minutes.',
  ),
  event_refused: row(
    403,
    'never',
    'The event could not be verified',
    'Nothing was changed. Install the app on this portal again if it is a real one.',
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
    'Check the id; a group has a backlog once one was added or its planning page was opened.',
  ),
  app_not_found: row(404, 'never', 'No such app here', 'List the apps with GET /v1/apps; POST /v1/apps registers one.'),
  epic_not_found: row(404, 'never', 'No such epic', 'Check the id; a group lists its epics.'),
  sprint_not_found: row(
    404,
    'never',
    'No such sprint',
    'Check the id; a group lists its sprints, and can complete one only while one is active.',
  ),
  stage_not_found: row(404, 'never', 'No such stage', 'Check the id; a sprint lists its stages.'),
  task_not_found: row(
    404,
    'never',
    'No such task',
    "Check the id, and that the task belongs to the sprint's group and is in its scrum.",
  ),
  client_not_found: row(404, 'never', 'No such client', 'List the clients with GET /v1/clients.'),
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
    'It was replayed, or went for a newer one; list them with GET /v1/subscriptions/{id}/dead-letters.',
  ),
  job_not_found: row(
    404,
    'never',
    'No such job',
    'It was made by another key, or ended more than a day ago; list yours with GET /v1/jobs.',
  ),
  method_not_found: row(
    404,
    'never',
    'The portal does not know this method',
    "Check the method's name and that the portal's version has it.",
  ),
  route_not_found: row(404, 'never', 'No such route', 'See /docs or /openapi.json for the routes there are.'),

  backlog_already_exists: row(
    409,
    'never',
    'The group already has a backlog',
    'Read it with GET /v1/portals/{portal}/groups/{groupId}/backlog; a group has one.',
  ),
  backlog_not_empty: row(409, 'never', 'The backlog still has items', 'Move or delete its items first.'),
  sprint_not_empty: row(409, 'never', 'The sprint still has items', 'Move its tasks first.'),
  sprint_not_planned: row(
    409,
    'never',
    'The sprint is not planned',
    'Only a planned sprint can be started; this one is active or completed.',
  ),
  sprint_already_active: row(
    409,
    'never',
    'The group has an active sprint',
    'Complete it first; a group has one active sprint.',
  ),
  stage_not_empty: row(409, 'never', 'The stage still has tasks', 'Put them on another stage first.'),
  idempotency_conflict: row(
    409,
    'never',
    'The Idempotency-Key is taken',
    'It was used for another method, path or body; choose a new key for each new write.',
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
    'The portal is suspended here',
    'An operator stopped calls to it; PATCH /v1/portals/{portal} {"suspended": false} lets them pass again.',
  ),
  portal_waiting: row(
    409,
    'never',
    'The portal waits to be admitted',
    'It was installed and nobody here admitted it yet; PATCH /v1/portals/{portal} {"admitted": true} lets calls pass.',
  ),
  portal_already_installed: row(
    409,
    'never',
    'The portal is here already',
    'It is installed through the app, which can do all that a webhook can; call it as it is.',
  ),
  app_already_registered: row(
    409,
    'never',
    'The app is registered already',
    'Its name and secret are changed with PATCH /v1/apps/{id}.',
  ),
  app_in_use: row(
    409,
    'never',
    'Portals belong to the app',
    'Install another app on them, or forget them with DELETE /v1/portals/{portal}; GET /v1/portals?app={id} lists them.',
  ),
  app_of_settings: row(
    409,
    'never',
    'The app is set in the environment',
    'Change B24_CLIENT_ID and B24_CLIENT_SECRET, and restart.',
  ),
  too_many_subscriptions: row(
    409,
    'never',
    'There are too many subscriptions',
    'Delete one that nobody needs; one subscription may name many events and portals.',
  ),
  alias_taken: row(409, 'never', 'Another portal has this alias', 'Choose another alias.'),

  answer_not_kept: row(
    410,
    'never',
    'The write was answered before, and its answer was not kept',
    'It is not run again: read what it wrote, and do not send it with another Idempotency-Key.',
  ),
  portal_deleted: row(410, 'never', 'The portal no longer exists', 'Forget it with DELETE /v1/portals/{portal}.'),
  portal_uninstalled: row(410, 'never', 'The app was uninstalled from the portal', 'Install it again at /install.'),

  body_too_large: row(
    413,
    'never',
    'The body is too large',
    'Send at most 64 KiB; a batch of commands, and what an SDK sends, may have 2 MiB.',
  ),
  unsupported_media_type: row(415, 'never', 'The body is of the wrong type', 'Send `Content-Type: application/json`.'),

  target_not_allowed: row(
    422,
    'never',
    'Events may not be sent there',
    'Set EVENT_TARGET_HOSTS to the hosts of your own services, and to the addresses they have inside your network.',
  ),
  group_not_found: row(422, 'never', 'No such group', "Check the group's id in the portal."),
  user_not_found: row(422, 'never', 'No such user', "Check the users' ids in the portal."),
  entity_not_found: row(
    422,
    'never',
    'No such backlog or sprint',
    'Name in `entityId` the backlog or the sprint to which the task goes; one that is not in the scrum yet needs it.',
  ),
  files_not_attached: row(
    422,
    'never',
    'The files were not attached',
    'The epic itself may have been kept, without them: look, check the ids of the files, and change it.',
  ),
  rejected_by_portal: row(422, 'never', 'The portal refused', 'See `upstream` for its words.'),

  command_not_run: row(
    424,
    'safe',
    'The command was not run',
    'What came before it in its batch failed; it was not carried out, and may be sent again once that is mended.',
  ),

  client_rate_limited: row(
    429,
    'safe',
    'This key sends more commands than it may',
    'Come back after `Retry-After` seconds; the key has a rate of its own, which counts each command of a request.',
  ),
  too_many_attempts: row(
    429,
    'safe',
    'Too many failed attempts from this address',
    'Come back after `Retry-After` seconds; what proves itself still passes.',
  ),
  too_many_requests: row(
    429,
    'safe',
    'Too many requests of this key or address are under way',
    'Come back after `Retry-After` seconds, and wait for answers before you send more at once.',
  ),
  too_many_jobs: row(
    429,
    'safe',
    'Too many jobs of this key are not finished',
    'Come back after `Retry-After` seconds, or cancel one.',
  ),
  storage_budget_spent: row(
    429,
    'safe',
    'This key has used up its storage',
    'Its idempotency records and jobs of the last day fill CLIENT_BUDGET_MIB; come back after `Retry-After` seconds.',
  ),
  queue_full: row(429, 'safe', 'Too many calls wait for this portal', 'Come back after `Retry-After` seconds.'),
  operating_time_spent: row(
    429,
    'safe',
    "The method's operating time on this portal is spent",
    'Come back after `Retry-After` seconds; other methods go on.',
  ),

  internal_error: row(
    500,
    'unsafe',
    'The gateway failed',
    'This is a fault of the gateway; report it with the request id.',
  ),

  portal_error: row(
    502,
    'unsafe',
    'The portal failed',
    'The portal, not the request, is at fault; a write may or may not have been carried out.',
  ),
  portal_unreachable: row(
    502,
    'safe',
    'The portal could not be reached',
    'No connection to the portal could be made, so the call was not sent; try again shortly.',
  ),
  result_too_large: row(
    502,
    'never',
    'The answer is too large to be kept',
    'The call was carried out; ask for less at a time, or without respond-async.',
  ),
  answer_too_large: row(
    502,
    'never',
    "The portal's answer is too large",
    'An answer of the portal may have 16 MiB; the call was carried out. Ask for less at a time: fewer fields, or a page of a list.',
  ),
  host_not_allowed: row(
    502,
    'never',
    'The portal is where this gateway may not go',
    "The portal's host is not among B24_PORTAL_HOSTS, or its name leads to an address inside the operator's network; nothing was sent.",
  ),
  authorization_server_error: row(
    502,
    'safe',
    'The authorization server failed',
    'The token could not be refreshed just now; the call was not sent.',
  ),

  administrator_unknown: row(
    502,
    'safe',
    'The portal did not say who its administrators are',
    'Nothing was replaced, since the portal could not be asked whether this user may; try again shortly.',
  ),

  store_unavailable: row(
    503,
    'safe',
    "The gateway's store cannot be reached",
    'The call was not sent; try again shortly.',
  ),
  portal_overloaded: row(
    503,
    'safe',
    'The portal takes no calls just now',
    'The portal refused the call before running it; try again later.',
  ),
  shutting_down: row(503, 'safe', 'This replica is shutting down', 'The call was not sent; another replica takes it.'),

  deadline_exceeded: row(
    504,
    'safe',
    'The deadline passed while the call waited',
    'It was never sent; call again, with a later X-Deadline-Ms if the lane is long.',
  ),
  outcome_unknown: row(
    504,
    'unsafe',
    'The portal did not answer in time',
    'The call was sent and may have been carried out; read before you write again.',
  ),
} as const satisfies Record<string, Row>;

export type FaultCode = keyof typeof faultTable;
export const faultCodes = Object.keys(faultTable) as FaultCode[];
