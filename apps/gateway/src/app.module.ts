import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AppsController } from './api/apps/apps.controller';
import { AuditController } from './api/audit/audit.controller';
import { BoardsController } from './api/boards/boards.controller';
import { BatchesController } from './api/calls/batches.controller';
import { CallLogController } from './api/call-log/call-log.controller';
import { HistoryController } from './api/history/history.controller';
import { CallsController } from './api/calls/calls.controller';
import { FanOutController } from './api/calls/fan-out.controller';
import { V3Controller } from './api/calls/v3.controller';
import { ListsController } from './api/calls/lists.controller';
import { ClientAssistantsController } from './api/clients/client-assistants.controller';
import { ClientsController } from './api/clients/clients.controller';
import { JobsController } from './api/jobs/jobs.controller';
import { PortalsController } from './api/portals/portals.controller';
import { EventBindingsController } from './api/subscriptions/event-bindings.controller';
import { SubscriptionsController } from './api/subscriptions/subscriptions.controller';
import type { Composition } from './compose';
import { AssistantsController } from './doors/assistants/assistants.controller';
import { ConsoleController } from './doors/console/console.controller';
import { SandboxController } from './doors/console/sandbox.controller';
import { SessionsController } from './doors/console/sessions.controller';
import { SignInController } from './doors/console/sign-in.controller';
import { EventsController } from './doors/events/events.controller';
import { McpController } from './doors/mcp/mcp.controller';
import { InstallsController } from './doors/pages/installs.controller';
import { withDirectHandlers } from './http/direct-handlers';
import { clockToken, sessionAuthToken, settingsToken } from './http/injection-tokens';
import { FaultFilter } from './http/fault.filter';
import { HealthController } from './operations/health.controller';
import { resources } from './resources/declarations';
import { resourceController } from './resources/resource-controller';
import type { Settings } from './settings';

/** The controllers in the order in which openapi.json shows their operations. */
export const controllers = [
  AppsController,
  ...resources.map(resourceController),
  BoardsController,
  CallsController,
  V3Controller,
  BatchesController,
  ListsController,
  PortalsController,
  FanOutController,
  JobsController,
  ClientsController,
  ClientAssistantsController,
  SessionsController,
  AuditController,
  CallLogController,
  HistoryController,
  EventBindingsController,
  SubscriptionsController,
  InstallsController,
  EventsController,
  HealthController,
  McpController,
].map(withDirectHandlers);

const assistantsController = withDirectHandlers(AssistantsController);

/** The controllers of the console. None without it, and none of the sandbox outside the demo. */
function consoleControllers({ console, sandboxUrl }: Settings): Type[] {
  if (!console.served) return [];
  const all = [ConsoleController, SignInController, ...(sandboxUrl === undefined ? [] : [SandboxController])];
  return all.map((it) => withDirectHandlers(it));
}

/** What Nest knows of a gateway: its controllers, what every request passes, and the parts that `compose` built. */
@Module({
  controllers,
  providers: [{ provide: APP_FILTER, useClass: FaultFilter }],
})
export class AppModule {
  static of({ settings, clock, parts }: Composition): DynamicModule {
    const values: Provider[] = [
      { provide: settingsToken, useValue: settings },
      { provide: clockToken, useValue: clock },
      { provide: sessionAuthToken, useValue: parts.consoleAuth },
      ...Object.values(parts).map((part) => ({ provide: part.constructor, useValue: part })),
    ];
    const optional = [...consoleControllers(settings), ...(settings.mcpOauth ? [assistantsController] : [])];
    return { module: AppModule, providers: values, controllers: optional };
  }
}
