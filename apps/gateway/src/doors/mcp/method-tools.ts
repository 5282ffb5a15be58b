import { denialReason } from '@b24/access';
import { describeMethod, findMethods } from '@b24/catalog';
import { Fault } from '@b24/portal';
import { z } from 'zod';
import { callAnswer } from '../../api/calls/calls.controller';
import { portalName } from '../../http/shapes';
import { isReadMethod, methodName, methodParams, startSchema } from '../../line/any-method';
import { findPortal } from '../../line/find-portal';
import { vendorCatalog } from '../../line/vendor-catalog';
import { type McpTool, readingTool } from './tool';

const access = { scope: 'call' } as const;

const findMethodsTool: McpTool = {
  ...readingTool,
  access,
  name: 'find_methods',
  operation: 'findMethods',
  description:
    'Find REST methods of Bitrix24 for a task, up to ten, the best first, each with its effect (read, write), permission and parameters (`?`: optional).',
  input: z.strictObject({
    task: z.string().min(1).max(200).describe('In English words: `list deals of a company`.'),
  }),
  output: z.looseObject({ methods: z.array(z.looseObject({ method: z.string() })) }),
  says: 'The methods.',
  run: (_, { client }, { task }) => {
    const isAllowed = (method: string) => denialReason(client, { ...access, method }) === undefined;
    return Promise.resolve({ methods: findMethods(vendorCatalog, task as string, isAllowed) });
  },
};

const describeMethodTool: McpTool = {
  ...readingTool,
  access,
  name: 'describe_method',
  operation: 'describeMethod',
  description:
    'What a method takes and returns: parameters with types and values, result, paging, permissions, error codes, the page of its documentation.',
  input: z.strictObject({ method: z.string().min(1).max(100).describe('`crm.deal.list`, for example.') }),
  says: 'The method.',
  run: (_, { client }, { method }) => {
    const description = describeMethod(vendorCatalog, method as string);
    if (!description) return Promise.reject(unknownMethod(method as string));
    const notAllowed = denialReason(client, { ...access, method: description.method });
    return Promise.resolve({ ...description, ...(notAllowed && { notAllowed }) });
  },
};

/** Names what the method may have been meant to be. A method that is not documented may exist all the same. */
function unknownMethod(method: string): Fault {
  const similar = vendorCatalog.suggest(method);
  const advice = similar.length > 0 ? `Did you mean ${similar.join(' or ')}?` : 'Search by words with find_methods.';
  return new Fault('invalid_request', {
    detail: `No method of this name is documented. ${advice}`,
    errors: [{ path: 'method', message: advice }],
  });
}

const methodCall = z.strictObject({
  portal: portalName,
  method: methodName,
  params: methodParams.default({}),
  start: startSchema.optional(),
});

const callMethodTool: McpTool = {
  name: 'call_method',
  operation: 'callMethod',
  description: 'Run any REST method of a portal. Read describe_method first: it has the parameters of `params`.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
  access,
  input: methodCall,
  says: 'What the method returned.',
  writes: ({ method }) => typeof method !== 'string' || !isReadMethod(method),
  // The schema has checked that it is a method name, and method names are not secret.
  ids: ({ method }) => ({ method: method as string }),
  run: async ({ calls, portals }, caller, input) => {
    const { portal, ...call } = input as z.infer<typeof methodCall>;
    const found = await findPortal(portals, portal, caller.signal);
    return callAnswer(await calls.call(caller, found, call));
  },
};

/** From the words of a task to a call of any method. */
export const methodTools: readonly McpTool[] = [findMethodsTool, describeMethodTool, callMethodTool];
