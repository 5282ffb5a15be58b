import type { Command } from 'commander';
import type { GatewayApi } from './gateway-api';
import type { Output } from './output';

/** What a command works with: whom to ask, and where to write. */
export interface CommandContext {
  readonly api: GatewayApi;
  readonly paper: Output;
}

/** Returns the context of a parsed command. */
export type ContextOf = (command: Command) => Promise<CommandContext>;
