import { type Result } from '@b24/portal';
import { findPortal } from '../line/find-portal';
import type { PortalDirectory } from '../line/portal-directory';
import type { CallerContext, RequestLine } from '../request-line';
import { type Declaration, declaredCommand, type MethodInput, settlementRuleOf } from './declaration';
import type { DeclaredMethod } from './declarations';
import { returnedValue } from './parse-answer';

/** The parts that run declared methods. */
export interface DeclaredMethodDependencies {
  readonly line: RequestLine;
  readonly portals: PortalDirectory;
}

export interface DeclaredMethodResult<A> {
  readonly answer: A;
  /** The last result from the portal. Absent when a lost answer was settled without one. */
  readonly result?: Result;
}

/**
 * Runs a declared method for a caller of the API or of a tool.
 * @param portal a member id, an alias or a domain
 * @param input the input after validation by the declaration's schemas
 * @param onResult called with each result from the portal, even if the call fails in the end
 * @throws Fault
 */
export async function runDeclared<I extends MethodInput, A>(
  { line, portals }: DeclaredMethodDependencies,
  declaration: Declaration<I, A> & Pick<DeclaredMethod, 'scope'>,
  caller: CallerContext,
  portal: string,
  input: I,
  onResult: (result: Result) => void = () => undefined,
): Promise<DeclaredMethodResult<A>> {
  const { scope, lost, method } = declaration;
  const found = await findPortal(portals, portal, caller.signal);
  const command = declaredCommand(declaration, input);
  let last: Result | undefined;
  const read = (result: Result) => {
    onResult((last = result));
    return declaration.read(returnedValue(result), input, method);
  };
  const answer = lost
    ? await line.write(caller, scope, found, { command, read, rule: settlementRuleOf(lost, input) })
    : read(await line.call(caller, scope, found, command));
  return { answer, ...(last && { result: last }) };
}
