import { backlogDeclarations } from './scrum/backlogs';
import { epicDeclarations } from './scrum/epics';
import { sprintDeclarations } from './scrum/sprints';
import { stageDeclarations } from './scrum/stages';
import { taskDeclarations } from './scrum/tasks';
import type { Declaration } from './declaration';

/** Every declared method, by the tag under which openapi.json shows it. */
export const declarations: Readonly<Record<string, readonly Declaration[]>> = {
  backlogs: backlogDeclarations,
  epics: epicDeclarations,
  sprints: sprintDeclarations,
  stages: stageDeclarations,
  tasks: taskDeclarations,
};
