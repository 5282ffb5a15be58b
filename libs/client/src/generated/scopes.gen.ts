// Generated from openapi.json by generate.mjs. Do not edit.

/** What each scope of a client key allows. */
export const scopeDescriptions = {
  'group:read': 'Read groups',
  'group:write': 'Change groups',
  'backlog:read': 'Read backlogs',
  'backlog:write': 'Change backlogs',
  'scrum:read': 'Read epics, sprints, stages, scrum tasks',
  'scrum:write': 'Change epics, sprints, stages, scrum tasks',
  'task:read': 'Read checklists, tasks',
  'task:write': 'Change checklists, tasks',
  'comment:write': 'Change comments',
  'comment:read': 'Read comments',
  'user:read': 'Read users',
  call: 'Call any Bitrix24 method',
  'portals:read': 'See portals',
  'portals:write': 'Add, change and forget portals',
  'calls:read': 'See the call log',
  admin: 'Everything, including keys and the console',
} as const;
