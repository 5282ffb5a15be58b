import { backlogDeclarations } from '../backlogs/backlog-declarations';
import type { Declaration } from './declaration';

/** Every declared method, by the tag under which openapi.json shows it. */
export const declarations: Readonly<Record<string, readonly Declaration[]>> = {
  backlogs: backlogDeclarations,
};
