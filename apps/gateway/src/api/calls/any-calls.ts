import { checkAccess } from '@b24/access';
import type { Command, PortalId, Result } from '@b24/portal';
import type { CallerContext, RequestLine } from '../../request-line';
import { anyCommand } from '../../line/any-method';

/** A call of a method by its name, with the parameters of the vendor. */
export interface MethodCall {
  readonly method: string;
  readonly params: Command['params'];
  /** Offset of a list page; -1 for a page without a total. */
  readonly start?: number | undefined;
}

/** Calls any method of a portal, for keys with the scope `call`. Method and parameters are validated (any-method.ts). */
export class AnyCalls {
  constructor(private readonly line: RequestLine) {}

  /** @throws Fault not_allowed, whatever went wrong on the way, or the portal's refusal */
  call(caller: Pick<CallerContext, 'client' | 'signal'>, portal: PortalId, call: MethodCall): Promise<Result> {
    return this.line.call(caller, 'call', portal, commandOfCall(call));
  }

  /** Whether the key may run all of them there, before anything is sent. @throws Fault not_allowed, naming the method */
  check(
    { client }: Pick<CallerContext, 'client'>,
    portal: PortalId,
    calls: readonly Pick<MethodCall, 'method'>[],
  ): void {
    for (const { method } of calls) checkAccess(client, { scope: 'call', portal, method });
  }
}

export function commandOfCall({ method, params, start }: MethodCall): Command {
  return anyCommand(method, start === undefined ? params : { ...params, start });
}
