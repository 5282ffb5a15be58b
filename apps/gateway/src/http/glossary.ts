/*
 * What names mean that mean the same wherever they stand in the document. A schema or parameter with words of its own
 * keeps them; a name that means something else in one place stands here with its schema before it.
 */
export const glossary: Readonly<Record<string, string>> = {
  // places in a path, and the same ids in bodies
  groupId: 'The id of the workgroup or project in Bitrix24: the number in its address, `/workgroups/group/125/`.',
  backlogId: 'The id of the backlog itself, which is not its group’s.',
  epicId: 'The id of the epic.',
  sprintId: 'The id of the sprint.',
  stageId: 'The id of a stage (a column) of the sprint’s board.',
  taskId: 'The id of the task: the number in its address.',
  deadLetterId: 'The id of the dead letter, from the list of them.',
  app: '`default` for the app of the settings, or the id that `POST /v1/apps` answered.',
  method: 'A method of Bitrix24’s REST API by its full name, as `crm.deal.list`.',
  id: 'Its id here.',
  // pages
  limit: 'At most so many on the page.',
  cursor: 'The `nextCursor` of the page before; absent for the first page.',
  items: 'What there is of them on this page.',
  'ListEnd.end': 'The last line of a list that came whole, and how many records it had.',
  nextCursor: 'Send it as `cursor` to get the next page. Absent on the last one.',
  // people and things of Bitrix24
  createdBy: 'The id of the user in Bitrix24 who made it; 0 where nobody is named.',
  modifiedBy: 'The id of the user in Bitrix24 who changed it last; 0 where nobody is named.',
  description: 'A text of any length.',
  color: 'A colour, as `#69dafc`.',
  sort: 'Its place among its like: a lower number comes first.',
  dateStart: 'When it begins, with its offset from UTC.',
  dateEnd: 'When it ends, with its offset from UTC.',
  name: 'Its name, for people.',
  params: 'What the method takes, as Bitrix24’s documentation of it says.',
  call: 'The method to run, and its parameters.',
  commands: 'The commands, in order.',
  // portals, apps, keys
  memberId: 'What Bitrix24 calls the portal for ever, also when it is renamed.',
  alias: 'A short name of your own for the portal, to use in paths.',
  tags: 'Words of your own, by which portals can be picked out.',
  domain: 'Where the portal is now.',
  kind: 'How it came to be here.',
  token: 'How old its tokens are and how long they last; never the tokens.',
  queue: 'Calls and requests of the portal on the replica that answers.',
  installedAt: 'When it was installed here, last.',
  clientId: 'The app’s id in Bitrix24: `local.…` or `app.…`.',
  scope: 'The app’s permissions in Bitrix24.',
  registeredAt: 'When it was registered here.',
  scopes: 'What the key may do.',
  portals: '`all`, or the member ids it is for.',
  methods: 'Which methods of Bitrix24 it may call, as patterns: `crm.*`. Absent: any that its scopes allow.',
  expiresInDays: 'After how many days the key ends by itself.',
  ratePerSecond: 'How many calls a second the key may make, over all replicas.',
  burst: 'How many calls it may make at once before that rate counts.',
  createdAt: 'When it was made.',
  startedAt: 'When it was begun.',
  finishedAt: 'When it ended.',
  progress: 'How many of its items have their outcome, and how many there are.',
  // subscriptions
  url: 'Where messages are posted to.',
  events: 'The events that it wants, by Bitrix24’s names: `ONTASKADD`.',
  paused: 'While it is, messages wait and are not sent.',
  delivered: 'Whether the receiver took it, with a 2xx.',
  detail: 'What happened, in a sentence.',
  replayed: 'How many are sent again.',
  // answers of other kinds
  title: 'The kind of problem, in a few words.',
  status: 'The HTTP status.',
  requestId: 'The `X-Request-Id` of the request: what to look for in the log.',
  at: 'When it happened.',
  parts: 'What it needs to take calls, each with whether it is well.',
  total: 'How many there are in all.',
  summary: 'The last line: what all of it came to.',
  results: 'What came of each, in order.',
  // names that mean something of their own in one schema
  'Portal.status': 'Whether it can be called, and if not, why.',
  'PortalDetails.status': 'Whether it can be called, and if not, why.',
  'Sprint.status': '`planned`, `active` (a group has one at most) or `completed`.',
  'NewSprint.status': '`planned` unless said otherwise.',
  'SprintChanges.status': '`planned`, `active` (a group has one at most) or `completed`.',
  'Stage.type': '`NEW` for the first stage, `FINISH` for the last, `WORK` between.',
  'NewStage.type': '`NEW` for the first stage, `FINISH` for the last, `WORK` between.',
  'StageChanges.type': '`NEW` for the first stage, `FINISH` for the last, `WORK` between.',
  'SubscriptionTrial.status': 'What the receiver answered; absent when no answer came.',
  'Live.status': '`live` whenever it can answer.',
  'Readiness.status': '`ready` to take calls, or not.',
  'Job.kind': 'Of which request it is the work.',
  'AcceptedJob.kind': 'Of which request it is the work.',
};

interface Described {
  description?: string;
  readonly $ref?: string;
}
interface Documented {
  readonly paths: object;
  readonly components?: { readonly schemas?: object };
}
type Parameters = readonly (Described & { readonly name?: string; readonly schema?: Described })[];
type Operations = Readonly<Record<string, { readonly parameters?: Parameters }>>;
type Schemas = Readonly<Record<string, { readonly properties?: Readonly<Record<string, Described>> }>>;

/** Gives what has no words the glossary's. */
export function explain({ paths, components }: Documented): void {
  for (const path of Object.values(paths) as Operations[])
    for (const { parameters = [] } of Object.values(path)) explainParameters(parameters);
  for (const [schema, { properties = {} }] of Object.entries((components?.schemas ?? {}) as Schemas))
    explainFields(schema, properties);
}

function explainParameters(parameters: Parameters): void {
  for (const parameter of parameters) {
    const told = parameter.description ?? parameter.schema?.description ?? glossary[parameter.name ?? ''];
    if (told !== undefined) parameter.description = told;
  }
}

function explainFields(schema: string, properties: Readonly<Record<string, Described>>): void {
  for (const [name, property] of Object.entries(properties)) {
    // Beside a reference OpenAPI 3.0 reads nothing.
    if (property.$ref !== undefined || property.description !== undefined) continue;
    const told = glossary[`${schema}.${name}`] ?? glossary[name];
    if (told !== undefined) property.description = told;
  }
}
