import { Argument, type Command } from 'commander';
import {
  listDeadLetters,
  listDeliveries,
  listSubscriptions,
  replayDeadLetters,
  type ReplayOptions,
  showBindings,
  showSubscription,
  testSubscription,
} from './commands/events';
import type { CommandContext, ContextOf } from './command-context';
import { CommandFailure } from './command-failure';

const subscription = () => new Argument('<id>', 'a subscription, as `events list` shows it');

/** The commands for subscriptions, deliveries and dead letters. */
export function addEvents(program: Command, hand: ContextOf, examples: (...lines: string[]) => string): void {
  const events = program.command('events').description('Events on their way to your services. Needs an admin key.');
  const one = (
    name: string,
    says: string,
    run: (context: CommandContext, id: string) => Promise<void>,
    argument: Argument = subscription(),
  ) =>
    events
      .command(name)
      .description(says)
      .addArgument(argument)
      .action(async (id: string, _options: object, command: Command) => run(await hand(command), id));
  events
    .command('list')
    .description('Lists the subscriptions: what waits, what is dead, the last failure, the next attempt.')
    .action(async (_options: object, command: Command) => listSubscriptions(await hand(command)));
  one('show', 'Shows one subscription, and the portals whose events could not be bound.', showSubscription);
  one('deliveries', 'Lists the events that wait: attempts, last response, next attempt.', listDeliveries);
  one('dead', 'Lists the dead letters, newest first.', listDeadLetters);
  one('test', 'Sends a test event to the target, once and now.', testSubscription);
  const portal = new Argument('<portal>', 'member id, alias or domain');
  one('bindings', 'Shows which events a portal is asked to send, and why not.', showBindings, portal);
  events
    .command('replay')
    .description('Sends one dead letter again, or all, or those since a time.')
    .addArgument(subscription())
    .argument('[letter]', 'as `events dead` shows it')
    .option('--since <time>', 'those that died at or after this time, as 2026-11-01T09:00:00Z')
    .option('--all', 'all of them')
    .addHelpText('after', examples('events replay s_5f2b8c1d9e0a7b64 --since 2026-11-01T09:00:00Z'))
    .action(async (id: string, letter: string | undefined, options: ReplayOptions, command: Command) => {
      const chosen = [letter !== undefined, options.since !== undefined, options.all === true].filter(Boolean);
      if (chosen.length !== 1)
        throw CommandFailure.of('wrong_usage', 'Name a dead letter, or --since a time, or --all; one of the three.');
      await replayDeadLetters(await hand(command), { id, letter }, options);
    });
}
