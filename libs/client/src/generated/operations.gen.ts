// Generated from openapi.json by generate.mjs. Do not edit.
import { type Args, Caller, type Paged } from '../caller';
import type { CallOptions } from '../wire';
import type {
  AddBacklogData,
  AddBacklogResponses,
  AddChecklistItemData,
  AddChecklistItemResponses,
  AddEpicData,
  AddEpicResponses,
  AddGroupData,
  AddGroupResponses,
  AddPortalByWebhookData,
  AddPortalByWebhookResponses,
  AddSprintData,
  AddSprintResponses,
  AddStageData,
  AddStageResponses,
  AddTaskCommentData,
  AddTaskCommentResponses,
  AddTaskData,
  AddTaskResponses,
  CallMethodData,
  CallMethodResponses,
  CallVersionThreeData,
  CallVersionThreeResponses,
  CancelJobData,
  CancelJobResponses,
  CompleteChecklistItemData,
  CompleteChecklistItemResponses,
  CompleteSprintData,
  CompleteSprintResponses,
  CompleteTaskData,
  CompleteTaskResponses,
  CreateClientData,
  CreateClientResponses,
  CreateSubscriptionData,
  CreateSubscriptionResponses,
  DeleteAppData,
  DeleteAppResponses,
  DeleteBacklogData,
  DeleteBacklogResponses,
  DeleteChecklistItemData,
  DeleteChecklistItemResponses,
  DeleteClientData,
  DeleteClientResponses,
  DeleteEpicData,
  DeleteEpicResponses,
  DeleteSprintData,
  DeleteSprintResponses,
  DeleteStageData,
  DeleteStageResponses,
  DeleteSubscriptionData,
  DeleteSubscriptionResponses,
  EndAssistantData,
  EndAssistantResponses,
  EndSessionData,
  EndSessionResponses,
  EndSessionsData,
  EndSessionsResponses,
  FanOutData,
  FanOutResponses,
  ForgetPortalData,
  ForgetPortalResponses,
  GetAppData,
  GetAppResponses,
  GetBacklogData,
  GetBacklogFieldsData,
  GetBacklogFieldsResponses,
  GetBacklogResponses,
  GetBoardData,
  GetBoardResponses,
  GetEpicData,
  GetEpicFieldsData,
  GetEpicFieldsResponses,
  GetEpicResponses,
  GetEventBindingsData,
  GetEventBindingsResponses,
  GetGroupData,
  GetGroupResponses,
  GetHistoryData,
  GetHistoryResponses,
  GetJobData,
  GetJobResponses,
  GetJobResultsData,
  GetJobResultsResponses,
  GetPortalData,
  GetPortalResponses,
  GetSprintData,
  GetSprintFieldsData,
  GetSprintFieldsResponses,
  GetSprintResponses,
  GetStageFieldsData,
  GetStageFieldsResponses,
  GetSubscriptionData,
  GetSubscriptionResponses,
  GetTaskData,
  GetTaskResponses,
  GetTaskScrumData,
  GetTaskScrumFieldsData,
  GetTaskScrumFieldsResponses,
  GetTaskScrumResponses,
  GetUsageData,
  GetUsageResponses,
  GetUserData,
  GetUserResponses,
  ListAppsResponses,
  ListAssistantsData,
  ListAssistantsResponses,
  ListAuditData,
  ListAuditResponses,
  ListCallsData,
  ListCallsResponses,
  ListChatMessagesData,
  ListChatMessagesResponses,
  ListChecklistData,
  ListChecklistResponses,
  ListClientsResponses,
  ListDeadLettersData,
  ListDeadLettersResponses,
  ListDeliveriesData,
  ListDeliveriesResponses,
  ListEpicsData,
  ListEpicsResponses,
  ListGroupMembersData,
  ListGroupMembersResponses,
  ListGroupsData,
  ListGroupsResponses,
  ListJobItemsData,
  ListJobItemsResponses,
  ListJobsData,
  ListJobsResponses,
  ListPortalsData,
  ListPortalsResponses,
  ListSessionsResponses,
  ListSprintsData,
  ListSprintsResponses,
  ListStagesData,
  ListStagesResponses,
  ListSubscriptionsResponses,
  ListTasksData,
  ListTasksResponses,
  PlaceTaskData,
  PlaceTaskResponses,
  RegisterAppData,
  RegisterAppResponses,
  ReplayDeadLetterData,
  ReplayDeadLetterResponses,
  ReplayDeadLettersData,
  ReplayDeadLettersResponses,
  RetryJobData,
  RetryJobResponses,
  RotateClientKeyData,
  RotateClientKeyResponses,
  RotateSubscriptionSecretData,
  RotateSubscriptionSecretResponses,
  RunBatchData,
  RunBatchResponses,
  SearchUsersData,
  SearchUsersResponses,
  StartSprintData,
  StartSprintResponses,
  StreamListData,
  StreamListResponses,
  TailCallsData,
  TailCallsResponses,
  TestSubscriptionData,
  TestSubscriptionResponses,
  UnplaceTaskData,
  UnplaceTaskResponses,
  UpdateAppData,
  UpdateAppResponses,
  UpdateBacklogData,
  UpdateBacklogResponses,
  UpdateClientData,
  UpdateClientResponses,
  UpdateEpicData,
  UpdateEpicResponses,
  UpdatePortalData,
  UpdatePortalResponses,
  UpdateSprintData,
  UpdateSprintResponses,
  UpdateStageData,
  UpdateStageResponses,
  UpdateSubscriptionData,
  UpdateSubscriptionResponses,
  UpdateTaskData,
  UpdateTaskResponses,
  UpdateTaskScrumData,
  UpdateTaskScrumResponses,
} from './types.gen';

/** A method for each operation of the gateway. */
export abstract class Operations extends Caller {
  /** Register a Bitrix24 app. `POST /v1/apps` */
  registerApp(args: Args<RegisterAppData>, options?: CallOptions): Promise<RegisterAppResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/apps', effect: 'write' }, args, options);
  }

  /** List the apps: the app of the settings, then oldest first. `GET /v1/apps` */
  listApps(options?: CallOptions): Promise<ListAppsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/apps', effect: 'read' }, {}, options);
  }

  /** Get an app and its URLs. `GET /v1/apps/{app}` */
  getApp(args: Args<GetAppData>, options?: CallOptions): Promise<GetAppResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/apps/{app}', effect: 'read' }, args, options);
  }

  /** Rename an app or change its secret. `PATCH /v1/apps/{app}` */
  updateApp(args: Args<UpdateAppData>, options?: CallOptions): Promise<UpdateAppResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/apps/{app}', effect: 'write' }, args, options);
  }

  /** Delete an app that has no portals. `DELETE /v1/apps/{app}` */
  deleteApp(args: Args<DeleteAppData>, options?: CallOptions): Promise<DeleteAppResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/apps/{app}', effect: 'write' }, args, options);
  }

  /** List the groups, by id. `GET /v1/portals/{portal}/groups` */
  listGroups(args: Args<ListGroupsData>, options?: CallOptions): Paged<ListGroupsResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/portals/{portal}/groups', effect: 'read' }, args, options);
  }

  /** Create a group, a project or a scrum. `POST /v1/portals/{portal}/groups` */
  addGroup(args: Args<AddGroupData>, options?: CallOptions): Promise<AddGroupResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/groups', effect: 'write' }, args, options);
  }

  /** Get a group. `GET /v1/portals/{portal}/groups/{groupId}` */
  getGroup(args: Args<GetGroupData>, options?: CallOptions): Promise<GetGroupResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}', effect: 'read' }, args, options);
  }

  /** List the members of a group. `GET /v1/portals/{portal}/groups/{groupId}/members` */
  listGroupMembers(args: Args<ListGroupMembersData>, options?: CallOptions): Promise<ListGroupMembersResponses[200]> {
    return this.one(
      { verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}/members', effect: 'read' },
      args,
      options,
    );
  }

  /** Get a group's backlog. `GET /v1/portals/{portal}/groups/{groupId}/backlog` */
  getBacklog(args: Args<GetBacklogData>, options?: CallOptions): Promise<GetBacklogResponses[200]> {
    return this.one(
      { verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}/backlog', effect: 'read' },
      args,
      options,
    );
  }

  /** Get the fields of a backlog, as the portal describes them. `GET /v1/portals/{portal}/backlogs/fields` */
  getBacklogFields(args: Args<GetBacklogFieldsData>, options?: CallOptions): Promise<GetBacklogFieldsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/backlogs/fields', effect: 'read' }, args, options);
  }

  /** Add a backlog to a group. `POST /v1/portals/{portal}/backlogs` */
  addBacklog(args: Args<AddBacklogData>, options?: CallOptions): Promise<AddBacklogResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/backlogs', effect: 'write' }, args, options);
  }

  /** Change a backlog. `PATCH /v1/portals/{portal}/backlogs/{backlogId}` */
  updateBacklog(args: Args<UpdateBacklogData>, options?: CallOptions): Promise<UpdateBacklogResponses[200]> {
    return this.one(
      { verb: 'PATCH', path: '/v1/portals/{portal}/backlogs/{backlogId}', effect: 'write' },
      args,
      options,
    );
  }

  /** Delete an empty backlog. `DELETE /v1/portals/{portal}/backlogs/{backlogId}` */
  deleteBacklog(args: Args<DeleteBacklogData>, options?: CallOptions): Promise<DeleteBacklogResponses[204]> {
    return this.one(
      { verb: 'DELETE', path: '/v1/portals/{portal}/backlogs/{backlogId}', effect: 'write' },
      args,
      options,
    );
  }

  /** List a group's epics, by id. `GET /v1/portals/{portal}/groups/{groupId}/epics` */
  listEpics(args: Args<ListEpicsData>, options?: CallOptions): Paged<ListEpicsResponses[200]> {
    return this.page(
      { verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}/epics', effect: 'read' },
      args,
      options,
    );
  }

  /** Add an epic to a group. `POST /v1/portals/{portal}/groups/{groupId}/epics` */
  addEpic(args: Args<AddEpicData>, options?: CallOptions): Promise<AddEpicResponses[201]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/groups/{groupId}/epics', effect: 'write' },
      args,
      options,
    );
  }

  /** Get an epic. `GET /v1/portals/{portal}/epics/{epicId}` */
  getEpic(args: Args<GetEpicData>, options?: CallOptions): Promise<GetEpicResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/epics/{epicId}', effect: 'read' }, args, options);
  }

  /** Change an epic. `PATCH /v1/portals/{portal}/epics/{epicId}` */
  updateEpic(args: Args<UpdateEpicData>, options?: CallOptions): Promise<UpdateEpicResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/portals/{portal}/epics/{epicId}', effect: 'write' }, args, options);
  }

  /** Delete an epic. `DELETE /v1/portals/{portal}/epics/{epicId}` */
  deleteEpic(args: Args<DeleteEpicData>, options?: CallOptions): Promise<DeleteEpicResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/portals/{portal}/epics/{epicId}', effect: 'write' }, args, options);
  }

  /** Get the fields of an epic, as the portal describes them. `GET /v1/portals/{portal}/epics/fields` */
  getEpicFields(args: Args<GetEpicFieldsData>, options?: CallOptions): Promise<GetEpicFieldsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/epics/fields', effect: 'read' }, args, options);
  }

  /** List a group's sprints, by id. `GET /v1/portals/{portal}/groups/{groupId}/sprints` */
  listSprints(args: Args<ListSprintsData>, options?: CallOptions): Paged<ListSprintsResponses[200]> {
    return this.page(
      { verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}/sprints', effect: 'read' },
      args,
      options,
    );
  }

  /** Add a sprint to a group. `POST /v1/portals/{portal}/groups/{groupId}/sprints` */
  addSprint(args: Args<AddSprintData>, options?: CallOptions): Promise<AddSprintResponses[201]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/groups/{groupId}/sprints', effect: 'write' },
      args,
      options,
    );
  }

  /** Get a sprint. `GET /v1/portals/{portal}/sprints/{sprintId}` */
  getSprint(args: Args<GetSprintData>, options?: CallOptions): Promise<GetSprintResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/sprints/{sprintId}', effect: 'read' }, args, options);
  }

  /** Change a sprint. `PATCH /v1/portals/{portal}/sprints/{sprintId}` */
  updateSprint(args: Args<UpdateSprintData>, options?: CallOptions): Promise<UpdateSprintResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/portals/{portal}/sprints/{sprintId}', effect: 'write' }, args, options);
  }

  /** Delete a sprint. `DELETE /v1/portals/{portal}/sprints/{sprintId}` */
  deleteSprint(args: Args<DeleteSprintData>, options?: CallOptions): Promise<DeleteSprintResponses[204]> {
    return this.one(
      { verb: 'DELETE', path: '/v1/portals/{portal}/sprints/{sprintId}', effect: 'write' },
      args,
      options,
    );
  }

  /** Get the fields of a sprint, as the portal describes them. `GET /v1/portals/{portal}/sprints/fields` */
  getSprintFields(args: Args<GetSprintFieldsData>, options?: CallOptions): Promise<GetSprintFieldsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/sprints/fields', effect: 'read' }, args, options);
  }

  /** Start a planned sprint. `POST /v1/portals/{portal}/sprints/{sprintId}/start` */
  startSprint(args: Args<StartSprintData>, options?: CallOptions): Promise<StartSprintResponses[200]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/sprints/{sprintId}/start', effect: 'write' },
      args,
      options,
    );
  }

  /** Complete a group's active sprint. `POST /v1/portals/{portal}/groups/{groupId}/sprints/complete` */
  completeSprint(args: Args<CompleteSprintData>, options?: CallOptions): Promise<CompleteSprintResponses[200]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/groups/{groupId}/sprints/complete', effect: 'write' },
      args,
      options,
    );
  }

  /** List the stages of a sprint's board. `GET /v1/portals/{portal}/sprints/{sprintId}/stages` */
  listStages(args: Args<ListStagesData>, options?: CallOptions): Promise<ListStagesResponses[200]> {
    return this.one(
      { verb: 'GET', path: '/v1/portals/{portal}/sprints/{sprintId}/stages', effect: 'read' },
      args,
      options,
    );
  }

  /** Add a stage to a sprint's board. `POST /v1/portals/{portal}/sprints/{sprintId}/stages` */
  addStage(args: Args<AddStageData>, options?: CallOptions): Promise<AddStageResponses[201]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/sprints/{sprintId}/stages', effect: 'write' },
      args,
      options,
    );
  }

  /** Get the fields of a stage, as the portal describes them. `GET /v1/portals/{portal}/stages/fields` */
  getStageFields(args: Args<GetStageFieldsData>, options?: CallOptions): Promise<GetStageFieldsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/stages/fields', effect: 'read' }, args, options);
  }

  /** Change a stage. `PATCH /v1/portals/{portal}/stages/{stageId}` */
  updateStage(args: Args<UpdateStageData>, options?: CallOptions): Promise<UpdateStageResponses[204]> {
    return this.one({ verb: 'PATCH', path: '/v1/portals/{portal}/stages/{stageId}', effect: 'write' }, args, options);
  }

  /** Delete a stage that has no tasks. `DELETE /v1/portals/{portal}/stages/{stageId}` */
  deleteStage(args: Args<DeleteStageData>, options?: CallOptions): Promise<DeleteStageResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/portals/{portal}/stages/{stageId}', effect: 'write' }, args, options);
  }

  /** Put a task on a stage of a sprint's board. `PUT /v1/portals/{portal}/sprints/{sprintId}/tasks/{taskId}` */
  placeTask(args: Args<PlaceTaskData>, options?: CallOptions): Promise<PlaceTaskResponses[204]> {
    return this.one(
      { verb: 'PUT', path: '/v1/portals/{portal}/sprints/{sprintId}/tasks/{taskId}', effect: 'write' },
      args,
      options,
    );
  }

  /** Take a task off a sprint's board. `DELETE /v1/portals/{portal}/sprints/{sprintId}/tasks/{taskId}` */
  unplaceTask(args: Args<UnplaceTaskData>, options?: CallOptions): Promise<UnplaceTaskResponses[204]> {
    return this.one(
      { verb: 'DELETE', path: '/v1/portals/{portal}/sprints/{sprintId}/tasks/{taskId}', effect: 'write' },
      args,
      options,
    );
  }

  /** Get a task's scrum fields. `GET /v1/portals/{portal}/tasks/{taskId}/scrum` */
  getTaskScrum(args: Args<GetTaskScrumData>, options?: CallOptions): Promise<GetTaskScrumResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/tasks/{taskId}/scrum', effect: 'read' }, args, options);
  }

  /** Change a task's scrum fields: backlog or sprint, story points, epic. `PATCH /v1/portals/{portal}/tasks/{taskId}/scrum` */
  updateTaskScrum(args: Args<UpdateTaskScrumData>, options?: CallOptions): Promise<UpdateTaskScrumResponses[204]> {
    return this.one(
      { verb: 'PATCH', path: '/v1/portals/{portal}/tasks/{taskId}/scrum', effect: 'write' },
      args,
      options,
    );
  }

  /** Get the scrum fields of a task, as the portal describes them. `GET /v1/portals/{portal}/tasks/scrum/fields` */
  getTaskScrumFields(
    args: Args<GetTaskScrumFieldsData>,
    options?: CallOptions,
  ): Promise<GetTaskScrumFieldsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/tasks/scrum/fields', effect: 'read' }, args, options);
  }

  /** List the checklists of a task and their items. `GET /v1/portals/{portal}/tasks/{taskId}/checklist` */
  listChecklist(args: Args<ListChecklistData>, options?: CallOptions): Promise<ListChecklistResponses[200]> {
    return this.one(
      { verb: 'GET', path: '/v1/portals/{portal}/tasks/{taskId}/checklist', effect: 'read' },
      args,
      options,
    );
  }

  /** Add an item to a checklist of a task. `POST /v1/portals/{portal}/tasks/{taskId}/checklist` */
  addChecklistItem(args: Args<AddChecklistItemData>, options?: CallOptions): Promise<AddChecklistItemResponses[201]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/tasks/{taskId}/checklist', effect: 'write' },
      args,
      options,
    );
  }

  /** Mark an item of a checklist as done. `POST /v1/portals/{portal}/tasks/{taskId}/checklist/{itemId}/complete` */
  completeChecklistItem(
    args: Args<CompleteChecklistItemData>,
    options?: CallOptions,
  ): Promise<CompleteChecklistItemResponses[204]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/tasks/{taskId}/checklist/{itemId}/complete', effect: 'write' },
      args,
      options,
    );
  }

  /** Delete an item of a checklist. `DELETE /v1/portals/{portal}/tasks/{taskId}/checklist/{itemId}` */
  deleteChecklistItem(
    args: Args<DeleteChecklistItemData>,
    options?: CallOptions,
  ): Promise<DeleteChecklistItemResponses[204]> {
    return this.one(
      { verb: 'DELETE', path: '/v1/portals/{portal}/tasks/{taskId}/checklist/{itemId}', effect: 'write' },
      args,
      options,
    );
  }

  /** Comment on a task, in its chat. `POST /v1/portals/{portal}/tasks/{taskId}/comments` */
  addTaskComment(args: Args<AddTaskCommentData>, options?: CallOptions): Promise<AddTaskCommentResponses[204]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/tasks/{taskId}/comments', effect: 'write' },
      args,
      options,
    );
  }

  /** List the messages of a chat, newest first. `GET /v1/portals/{portal}/chats/{chatId}/messages` */
  listChatMessages(args: Args<ListChatMessagesData>, options?: CallOptions): Paged<ListChatMessagesResponses[200]> {
    return this.page(
      { verb: 'GET', path: '/v1/portals/{portal}/chats/{chatId}/messages', effect: 'read' },
      args,
      options,
    );
  }

  /** List tasks, by id. `GET /v1/portals/{portal}/tasks` */
  listTasks(args: Args<ListTasksData>, options?: CallOptions): Paged<ListTasksResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/portals/{portal}/tasks', effect: 'read' }, args, options);
  }

  /** Add a task. `POST /v1/portals/{portal}/tasks` */
  addTask(args: Args<AddTaskData>, options?: CallOptions): Promise<AddTaskResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/tasks', effect: 'write' }, args, options);
  }

  /** Get a task. `GET /v1/portals/{portal}/tasks/{taskId}` */
  getTask(args: Args<GetTaskData>, options?: CallOptions): Promise<GetTaskResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/tasks/{taskId}', effect: 'read' }, args, options);
  }

  /** Change a task. `PATCH /v1/portals/{portal}/tasks/{taskId}` */
  updateTask(args: Args<UpdateTaskData>, options?: CallOptions): Promise<UpdateTaskResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/portals/{portal}/tasks/{taskId}', effect: 'write' }, args, options);
  }

  /** Complete a task. `POST /v1/portals/{portal}/tasks/{taskId}/complete` */
  completeTask(args: Args<CompleteTaskData>, options?: CallOptions): Promise<CompleteTaskResponses[200]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/tasks/{taskId}/complete', effect: 'write' },
      args,
      options,
    );
  }

  /** List the users, or find them by name or job title. `GET /v1/portals/{portal}/users` */
  searchUsers(args: Args<SearchUsersData>, options?: CallOptions): Paged<SearchUsersResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/portals/{portal}/users', effect: 'read' }, args, options);
  }

  /** Get a user. `GET /v1/portals/{portal}/users/{userId}` */
  getUser(args: Args<GetUserData>, options?: CallOptions): Promise<GetUserResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/users/{userId}', effect: 'read' }, args, options);
  }

  /** Get a scrum's board: backlog, epics, sprints, stages and tasks. `GET /v1/portals/{portal}/groups/{groupId}/board` */
  getBoard(args: Args<GetBoardData>, options?: CallOptions): Promise<GetBoardResponses[200]> {
    return this.one(
      { verb: 'GET', path: '/v1/portals/{portal}/groups/{groupId}/board', effect: 'read' },
      args,
      options,
    );
  }

  /** Call any method of a portal. `POST /v1/portals/{portal}/call/{method}` */
  callMethod(args: Args<CallMethodData>, options?: CallOptions): Promise<CallMethodResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/call/{method}', effect: 'write' }, args, options);
  }

  /** Call a method of version 3 of the API. `POST /v1/portals/{portal}/v3/{method}` */
  callVersionThree(args: Args<CallVersionThreeData>, options?: CallOptions): Promise<CallVersionThreeResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/v3/{method}', effect: 'write' }, args, options);
  }

  /** Run up to 500 commands. `POST /v1/portals/{portal}/batch` */
  runBatch(args: Args<RunBatchData>, options?: CallOptions): Promise<RunBatchResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/portals/{portal}/batch', effect: 'write' }, args, options);
  }

  /** Run up to 500 commands. Returns at once with the job that does the work. `POST /v1/portals/{portal}/batch` */
  runBatchAsJob(args: Args<RunBatchData>, options?: CallOptions): Promise<RunBatchResponses[202]> {
    return this.one(
      { verb: 'POST', path: '/v1/portals/{portal}/batch', effect: 'write', prefer: 'respond-async' },
      args,
      options,
    );
  }

  /** Stream all records of a list. `POST /v1/portals/{portal}/list/{method}` */
  streamList(
    args: Args<StreamListData>,
    options?: CallOptions,
  ): AsyncGenerator<StreamListResponses[200], void, undefined> {
    return this.lines({ verb: 'POST', path: '/v1/portals/{portal}/list/{method}', effect: 'read' }, args, options);
  }

  /** List the installed portals that the key may use. `GET /v1/portals` */
  listPortals(args: Args<ListPortalsData> = {}, options?: CallOptions): Paged<ListPortalsResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/portals', effect: 'read' }, args, options);
  }

  /** Add a portal by incoming webhook. `POST /v1/portals` */
  addPortalByWebhook(
    args: Args<AddPortalByWebhookData>,
    options?: CallOptions,
  ): Promise<AddPortalByWebhookResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/portals', effect: 'write' }, args, options);
  }

  /** Get a portal: its status, limits, queue and token ages. `GET /v1/portals/{portal}` */
  getPortal(args: Args<GetPortalData>, options?: CallOptions): Promise<GetPortalResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}', effect: 'read' }, args, options);
  }

  /** Change a portal: admit, name, tag or suspend it, or set its limits. `PATCH /v1/portals/{portal}` */
  updatePortal(args: Args<UpdatePortalData>, options?: CallOptions): Promise<UpdatePortalResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/portals/{portal}', effect: 'write' }, args, options);
  }

  /** Delete a portal and its tokens from the gateway. `DELETE /v1/portals/{portal}` */
  forgetPortal(args: Args<ForgetPortalData>, options?: CallOptions): Promise<ForgetPortalResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/portals/{portal}', effect: 'write' }, args, options);
  }

  /** Call one method on many portals. `POST /v1/fan-out` */
  fanOut(args: Args<FanOutData>, options?: CallOptions): AsyncGenerator<FanOutResponses[200], void, undefined> {
    return this.lines({ verb: 'POST', path: '/v1/fan-out', effect: 'once' }, args, options);
  }

  /** Call one method on many portals. Returns at once with the job that does the work. `POST /v1/fan-out` */
  fanOutAsJob(args: Args<FanOutData>, options?: CallOptions): Promise<FanOutResponses[202]> {
    return this.one({ verb: 'POST', path: '/v1/fan-out', effect: 'write', prefer: 'respond-async' }, args, options);
  }

  /** List the jobs of the key, newest first; with the scope admin, of all keys. `GET /v1/jobs` */
  listJobs(args: Args<ListJobsData> = {}, options?: CallOptions): Paged<ListJobsResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/jobs', effect: 'read' }, args, options);
  }

  /** Get a job: its state and progress. `GET /v1/jobs/{id}` */
  getJob(args: Args<GetJobData>, options?: CallOptions): Promise<GetJobResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/jobs/{id}', effect: 'read' }, args, options);
  }

  /** Read the outcomes of the items of a job. `GET /v1/jobs/{id}/results` */
  getJobResults(
    args: Args<GetJobResultsData>,
    options?: CallOptions,
  ): AsyncGenerator<GetJobResultsResponses[200], void, undefined> {
    return this.lines({ verb: 'GET', path: '/v1/jobs/{id}/results', effect: 'read' }, args, options);
  }

  /** List what came of the items of a job, without their results. `GET /v1/jobs/{id}/items` */
  listJobItems(args: Args<ListJobItemsData>, options?: CallOptions): Paged<ListJobItemsResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/jobs/{id}/items', effect: 'read' }, args, options);
  }

  /** Retry the items of a finished job that failed. `POST /v1/jobs/{id}/retry` */
  retryJob(args: Args<RetryJobData>, options?: CallOptions): Promise<RetryJobResponses[202]> {
    return this.one({ verb: 'POST', path: '/v1/jobs/{id}/retry', effect: 'write' }, args, options);
  }

  /** Cancel a job. `POST /v1/jobs/{id}/cancel` */
  cancelJob(args: Args<CancelJobData>, options?: CallOptions): Promise<CancelJobResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/jobs/{id}/cancel', effect: 'write' }, args, options);
  }

  /** Create a client and its key. `POST /v1/clients` */
  createClient(args: Args<CreateClientData>, options?: CallOptions): Promise<CreateClientResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/clients', effect: 'write' }, args, options);
  }

  /** List the clients, oldest first. `GET /v1/clients` */
  listClients(options?: CallOptions): Promise<ListClientsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/clients', effect: 'read' }, {}, options);
  }

  /** Change a client: its name, rights, portals, rate or expiry. `PATCH /v1/clients/{id}` */
  updateClient(args: Args<UpdateClientData>, options?: CallOptions): Promise<UpdateClientResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/clients/{id}', effect: 'write' }, args, options);
  }

  /** Delete a client; its key stops working at once. `DELETE /v1/clients/{id}` */
  deleteClient(args: Args<DeleteClientData>, options?: CallOptions): Promise<DeleteClientResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/clients/{id}', effect: 'write' }, args, options);
  }

  /** Replace the key of a client. `POST /v1/clients/{id}/rotate` */
  rotateClientKey(args: Args<RotateClientKeyData>, options?: CallOptions): Promise<RotateClientKeyResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/clients/{id}/rotate', effect: 'write' }, args, options);
  }

  /** List the assistants that act as a client, oldest first. `GET /v1/clients/{id}/assistants` */
  listAssistants(args: Args<ListAssistantsData>, options?: CallOptions): Promise<ListAssistantsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/clients/{id}/assistants', effect: 'read' }, args, options);
  }

  /** End an assistant; its tokens stop working at once. `DELETE /v1/clients/{id}/assistants/{assistantId}` */
  endAssistant(args: Args<EndAssistantData>, options?: CallOptions): Promise<EndAssistantResponses[204]> {
    return this.one(
      { verb: 'DELETE', path: '/v1/clients/{id}/assistants/{assistantId}', effect: 'write' },
      args,
      options,
    );
  }

  /** List the sessions of the console. `GET /v1/sessions` */
  listSessions(options?: CallOptions): Promise<ListSessionsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/sessions', effect: 'read' }, {}, options);
  }

  /** End all sessions of a person or client: sign out everywhere. `DELETE /v1/sessions` */
  endSessions(args: Args<EndSessionsData> = {}, options?: CallOptions): Promise<EndSessionsResponses[200]> {
    return this.one({ verb: 'DELETE', path: '/v1/sessions', effect: 'write' }, args, options);
  }

  /** End a session of the console on all replicas. `DELETE /v1/sessions/{id}` */
  endSession(args: Args<EndSessionData>, options?: CallOptions): Promise<EndSessionResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/sessions/{id}', effect: 'write' }, args, options);
  }

  /** Read the audit log, newest first. `GET /v1/audit` */
  listAudit(args: Args<ListAuditData> = {}, options?: CallOptions): Paged<ListAuditResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/audit', effect: 'read' }, args, options);
  }

  /** Read the call log, newest first. `GET /v1/calls` */
  listCalls(args: Args<ListCallsData> = {}, options?: CallOptions): Paged<ListCallsResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/calls', effect: 'read' }, args, options);
  }

  /** Follow the call log. `GET /v1/calls/tail` */
  tailCalls(
    args: Args<TailCallsData> = {},
    options?: CallOptions,
  ): AsyncGenerator<TailCallsResponses[200], void, undefined> {
    return this.lines({ verb: 'GET', path: '/v1/calls/tail', effect: 'read' }, args, options);
  }

  /** Read the history of a portal’s calls. `GET /v1/portals/{portal}/history` */
  getHistory(args: Args<GetHistoryData>, options?: CallOptions): Promise<GetHistoryResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/history', effect: 'read' }, args, options);
  }

  /** See who uses a portal. `GET /v1/portals/{portal}/usage` */
  getUsage(args: Args<GetUsageData>, options?: CallOptions): Promise<GetUsageResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/usage', effect: 'read' }, args, options);
  }

  /** Get the events that a portal is asked to send. `GET /v1/portals/{portal}/event-bindings` */
  getEventBindings(args: Args<GetEventBindingsData>, options?: CallOptions): Promise<GetEventBindingsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/portals/{portal}/event-bindings', effect: 'read' }, args, options);
  }

  /** Subscribe an internal service to events of portals. `POST /v1/subscriptions` */
  createSubscription(
    args: Args<CreateSubscriptionData>,
    options?: CallOptions,
  ): Promise<CreateSubscriptionResponses[201]> {
    return this.one({ verb: 'POST', path: '/v1/subscriptions', effect: 'write' }, args, options);
  }

  /** List the subscriptions, oldest first. `GET /v1/subscriptions` */
  listSubscriptions(options?: CallOptions): Promise<ListSubscriptionsResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/subscriptions', effect: 'read' }, {}, options);
  }

  /** Get a subscription and its event bindings. `GET /v1/subscriptions/{id}` */
  getSubscription(args: Args<GetSubscriptionData>, options?: CallOptions): Promise<GetSubscriptionResponses[200]> {
    return this.one({ verb: 'GET', path: '/v1/subscriptions/{id}', effect: 'read' }, args, options);
  }

  /** Change, pause or resume a subscription. `PATCH /v1/subscriptions/{id}` */
  updateSubscription(
    args: Args<UpdateSubscriptionData>,
    options?: CallOptions,
  ): Promise<UpdateSubscriptionResponses[200]> {
    return this.one({ verb: 'PATCH', path: '/v1/subscriptions/{id}', effect: 'write' }, args, options);
  }

  /** Delete a subscription with all that waits for it. `DELETE /v1/subscriptions/{id}` */
  deleteSubscription(
    args: Args<DeleteSubscriptionData>,
    options?: CallOptions,
  ): Promise<DeleteSubscriptionResponses[204]> {
    return this.one({ verb: 'DELETE', path: '/v1/subscriptions/{id}', effect: 'write' }, args, options);
  }

  /** Give a subscription another secret. `POST /v1/subscriptions/{id}/rotate` */
  rotateSubscriptionSecret(
    args: Args<RotateSubscriptionSecretData>,
    options?: CallOptions,
  ): Promise<RotateSubscriptionSecretResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/subscriptions/{id}/rotate', effect: 'write' }, args, options);
  }

  /** Send a message of our own to the target, once and now. `POST /v1/subscriptions/{id}/test` */
  testSubscription(args: Args<TestSubscriptionData>, options?: CallOptions): Promise<TestSubscriptionResponses[200]> {
    return this.one({ verb: 'POST', path: '/v1/subscriptions/{id}/test', effect: 'write' }, args, options);
  }

  /** List the events that wait for a subscription, the next attempt first. `GET /v1/subscriptions/{id}/deliveries` */
  listDeliveries(args: Args<ListDeliveriesData>, options?: CallOptions): Paged<ListDeliveriesResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/subscriptions/{id}/deliveries', effect: 'read' }, args, options);
  }

  /** List the dead letters of a subscription, newest first. `GET /v1/subscriptions/{id}/dead-letters` */
  listDeadLetters(args: Args<ListDeadLettersData>, options?: CallOptions): Paged<ListDeadLettersResponses[200]> {
    return this.page({ verb: 'GET', path: '/v1/subscriptions/{id}/dead-letters', effect: 'read' }, args, options);
  }

  /** Send all dead letters again, or those since a time. `POST /v1/subscriptions/{id}/dead-letters/replay` */
  replayDeadLetters(
    args: Args<ReplayDeadLettersData>,
    options?: CallOptions,
  ): Promise<ReplayDeadLettersResponses[200]> {
    return this.one(
      { verb: 'POST', path: '/v1/subscriptions/{id}/dead-letters/replay', effect: 'write' },
      args,
      options,
    );
  }

  /** Send a dead letter again. `POST /v1/subscriptions/{id}/dead-letters/{deadLetterId}/replay` */
  replayDeadLetter(args: Args<ReplayDeadLetterData>, options?: CallOptions): Promise<ReplayDeadLetterResponses[204]> {
    return this.one(
      { verb: 'POST', path: '/v1/subscriptions/{id}/dead-letters/{deadLetterId}/replay', effect: 'write' },
      args,
      options,
    );
  }
}
