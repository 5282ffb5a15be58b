import type { Answer } from './answer';
import type { Command } from './command';
import type { PortalId } from './portal';

/**
 * The shape of every station on the line.
 * Answer i belongs to command i. A rejection (always a Fault) means the whole request failed; a refused command is an
 * answer. When the signal aborts, whatever has not been sent yet is not sent any more; its reason is a Fault.
 */
export type Send = (portal: PortalId, commands: readonly Command[], signal: AbortSignal) => Promise<readonly Answer[]>;
