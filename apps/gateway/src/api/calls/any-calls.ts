import { checkAccess } from '@b24/access';
import { type Command, mergedInOrder, type PortalId, type Result } from '@b24/portal';
import type { CallerContext, RequestLine } from '../../request-line';
import { anyCommand, type GivenParams, namedParams } from '../../line/any-method';

/** A call of a method by name, with the vendor's parameters. */
export interface MethodCall {
  readonly method: string;
  readonly params: GivenParams;
  /** Offset of a list page; -1 for a page without a total. */
  readonly start?: number | undefined;
}

/** A call whose parameters have names. */
export interface NamedCall extends MethodCall {
  readonly params: Command['params'];
}

/** Calls any method of a portal, for keys with the scope `call`. Method and parameters are validated (any-method.ts). */
export class AnyCalls {
  constructor(private readonly line: RequestLine) {}

  /** @throws Fault not_allowed, a fault of the call, or the portal's error */
  call(caller: Pick<CallerContext, 'client' | 'signal'>, portal: PortalId, call: MethodCall): Promise<Result> {
    return this.line.call(caller, 'call', portal, commandOfCall(call));
  }

  /**
   * Checks whether the key may run all methods on the portal, before anything is sent. @throws Fault not_allowed, which
   * names the method
   */
  check(
    { client }: Pick<CallerContext, 'client'>,
    portal: PortalId,
    calls: readonly Pick<MethodCall, 'method'>[],
  ): void {
    for (const { method } of calls) checkAccess(client, { scope: 'call', portal, method });
  }
}

export function commandOfCall({ method, params, start }: MethodCall): Command {
  return anyCommand(method, start === undefined ? params : mergedInOrder(namedParams(params), { start }));
}
