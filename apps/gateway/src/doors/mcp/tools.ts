import { declaredMethods } from '../../resources/declarations';
import { boardTool } from './board-tool';
import { declaredTool } from './declared-tool';
import { methodTools } from './method-tools';
import { portalTools } from './portal-tools';
import type { McpTool } from './tool';

const { listPortals, explainPortalStatus, recentProblems } = portalTools;

/** All tools, for every client. */
export const tools: readonly McpTool[] = [
  listPortals,
  ...methodTools,
  ...declaredMethods.map(declaredTool),
  boardTool,
  explainPortalStatus,
  recentProblems,
];
