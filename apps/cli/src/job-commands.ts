import { Argument, type Command } from 'commander';
import { cancelJob, listJobItems, listJobs, retryJob, showJob } from './commands/jobs';
import type { ContextOf } from './command-context';

const job = () => new Argument('<id>', 'as `jobs list` shows it');

/** The commands for jobs. */
export function addJobs(program: Command, hand: ContextOf): void {
  const jobs = program.command('jobs').description('Long work that outlives its caller.');
  jobs
    .command('list')
    .description('Lists the jobs of this key, newest first; of all keys with an admin key.')
    .action(async (_options: object, command: Command) => listJobs(await hand(command)));
  jobs
    .command('show')
    .description('Shows one job: its state, who made it, and how many items failed with which code.')
    .addArgument(job())
    .action(async (id: string, _options: object, command: Command) => showJob(await hand(command), id));
  jobs
    .command('items')
    .description('Lists what came of each item: which portals failed, and why.')
    .addArgument(job())
    .option('--failed', 'only those that failed')
    .action(async (id: string, options: { failed?: boolean }, command: Command) =>
      listJobItems(await hand(command), id, options),
    );
  jobs
    .command('retry')
    .description('Retries the items that failed, as a new job. A write that may have been executed is left out.')
    .addArgument(job())
    .option('--unknown', 'instead repeat the writes that may have been executed: look at the portals first')
    .action(async (id: string, options: { unknown?: boolean }, command: Command) =>
      retryJob(await hand(command), id, options),
    );
  jobs
    .command('cancel')
    .description('Begins nothing more of a job; what it did stays done.')
    .addArgument(job())
    .action(async (id: string, _options: object, command: Command) => cancelJob(await hand(command), id));
}
