import { type Result, unlessAborted } from '@b24/portal';
import type { PortalDirectory } from '../api/portals/portal-directory';
import type { Caller, RequestLine } from '../request-line';
import { declaredCommand, type Declaration, type MethodInput, settlementRuleOf } from './declaration';
import { returnedValue } from './parse-answer';

/** What a declared method runs on. */
export interface DeclaredMethodDependencies {
  readonly line: RequestLine;
  readonly portals: PortalDirectory;
}

export interface DeclaredMethodResult<A> {
  readonly answer: A;
  /** What came down the line last; absent where a lost answer was settled without one. */
  readonly result?: Result;
}

/**
 * Runs a declared method for a caller, by whatever way it came: HTTP, or an assistant's tool.
 * @param portal a member id, an alias or a domain
 * @param input as the declaration's schemas passed it
 * @param heard told of each answer that came down the line, also where the call fails in the end
 * @throws Fault
 */
export async function runDeclared<I extends MethodInput, A>(
  { line, portals }: DeclaredMethodDependencies,
  declaration: Declaration<I, A>,
  caller: Caller,
  portal: string,
  input: I,
  heard: (result: Result) => void = () => undefined,
): Promise<DeclaredMethodResult<A>> {
  const { scope, lost, method } = declaration;
  const found = await unlessAborted(portals.find(portal), caller.signal);
  const command = declaredCommand(declaration, input);
  let last: Result | undefined;
  const read = (result: Result) => {
    heard((last = result));
    return declaration.read(returnedValue(result), input, method);
  };
  const answer = lost
    ? await line.write(caller, scope, found, { command, read, rule: settlementRuleOf(lost, input) })
    : read(await line.call(caller, scope, found, command));
  return { answer, ...(last && { result: last }) };
}
