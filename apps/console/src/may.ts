import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SignedIn } from './api-types';

/** Who is signed in; undefined only outside the shell. */
export const SignedInContext = createContext<SignedIn | undefined>(undefined);

/** Whether somebody may run an operation. The gateway checks every request; the page only hides what it would refuse. */
export function mayRun(who: SignedIn | undefined, operation: string): boolean {
  return who?.may === 'all' || who?.may.includes(operation) === true;
}

export function useMay(): (operation: string) => boolean {
  const who = useContext(SignedInContext);
  return (operation) => mayRun(who, operation);
}

/** Whether the user may change everything, also the fields that an operator may not. */
export function useMayAll(): boolean {
  return useContext(SignedInContext)?.may === 'all';
}
