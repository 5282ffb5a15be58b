import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type AuditTailOptions, tailAudit } from './commands/audit';
import { type CallFilterOptions, type CallListOptions, listCalls, tailCalls } from './commands/calls';
import { bashScript } from './completion/bash-script';
import { completedCommands } from './completion/completed-command';
import { fishScript } from './completion/fish-script';
import { zshScript } from './completion/zsh-script';
import { callMethod, type CallCommandOptions } from './commands/call';
import { installLink } from './commands/install-link';
import { endAssistant, listAssistants } from './commands/assistants';
import {
  createKey,
  editKey,
  type Expiry,
  type KeyChanges,
  listKeys,
  type NewKey,
  revokeKey,
  rotateKey,
} from './commands/keys';
import { describeOne, findByWords } from './commands/methods';
import { endSession, listSessions } from './commands/sessions';
import { admitPortal, listPortals, type PortalListOptions, setSuspended, showPortal } from './commands/portals';
import type { CommandContext, ContextOf } from './command-context';
import { addEvents } from './event-commands';
import { addJobs } from './job-commands';
import type { Output } from './output';
import type { Environment, TargetOptions } from './target';
import { version } from '../../../libs/portal/src/version';
import { scopeDescriptions } from '../../../libs/client/src/generated/scopes.gen';

export interface ProgramParts {
  readonly env: Environment;
  readonly paper: Output;
  readonly reach: (options: TargetOptions) => Promise<CommandContext>;
  /** What the doctor found; it fails no command, and still ends with 1. */
  readonly verdict: { healthy: boolean };
}

/** Every command with its help, which is the manual: docs/command-line.md shows the same commands at work. */
export function programOf(parts: ProgramParts): Command {
  const program = new Command('b24-gateway')
    .description('Operates a running b24-gateway: portals, keys, calls, audit log, and what is wrong with it.')
    .version(version, '-v, --version', 'print the version of this command')
    .option('--url <url>', 'where the gateway is; else B24_GATEWAY_URL, else http://127.0.0.1:3000')
    .option('--key-file <file>', 'a file that holds the key, - for standard input; else B24_GATEWAY_KEY')
    .option('--json', 'one JSON document on standard output; a problem is one on standard error')
    .addHelpText('after', manual)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError()
    .configureOutput({
      writeErr: (text) => {
        parts.paper.help(text);
      },
      outputError: () => undefined,
    })
    .exitOverride();
  const hand = (command: Command) => parts.reach(command.optsWithGlobals<TargetOptions>());

  addPortals(program, hand);
  addKeys(program, hand);
  addCall(program, hand);
  addMethods(program, parts.paper);
  addCallLog(program, hand);
  addRecords(program, hand);
  addJobs(program, hand);
  addEvents(program, hand, examples);
  program
    .command('doctor')
    .summary('Says what is wrong with a gateway and what it stands on.')
    .description(
      'Says what is wrong with a gateway and what it stands on. Run it where the gateway runs, with its environment.',
    )
    .addHelpText('after', doctorManual)
    .action(async (_options: object, command: Command) => {
      const { examine } = await import('./doctor/doctor.js');
      const { url } = command.optsWithGlobals<TargetOptions>();
      parts.verdict.healthy = await examine(await hand(command), parts.env, url ?? parts.env['B24_GATEWAY_URL']);
    });
  addCompletion(program, parts.paper);
  return program;
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

function addCompletion(program: Command, paper: Output): void {
  program
    .command('completion')
    .summary('Prints a script by which your shell completes commands.')
    .description(
      'Prints a script by which your shell completes commands and options. Needs neither a gateway nor a key.',
    )
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(Object.keys(scripts)))
    .addHelpText('after', completionManual)
    .action((shell: keyof typeof scripts) => {
      const script = scripts[shell](completedCommands(program));
      paper.print({ shell, script }, () => script.trimEnd());
    });
}

function addPortals(program: Command, hand: ContextOf): void {
  program
    .command('portals')
    .description('Lists the portals this key may use.')
    .option('--status <status>', 'of this status only, as reauthorization_required')
    .option('--app <id>', 'of this app only')
    .option('--tag <tag>', 'with this tag only')
    .option('--unhealthy', 'only portals that need attention')
    .option('--queues', "with each portal's queue as one replica has it; one request a portal")
    .addHelpText(
      'after',
      examples('portals --unhealthy', 'portals --tag emea --queues', 'portals --json | jq -r ".items[].domain"'),
    )
    .action(async (filter: PortalListOptions, command: Command) => listPortals(await hand(command), filter));
  program
    .command('portal')
    .summary('Shows one portal.')
    .description(
      'Shows one portal: its grant issue, the age of its token, its plan, its queue, operating time by method.',
    )
    .addArgument(portalArgument())
    .action(async (name: string, _options: object, command: Command) => showPortal(await hand(command), name));
  for (const [verb, suspended, does] of [
    ['suspend', true, 'Stops every call to a portal until it is resumed.'],
    ['resume', false, 'Lets calls to a suspended portal pass again.'],
  ] as const)
    program
      .command(verb)
      .description(does)
      .addArgument(portalArgument())
      .action(async (name: string, _options: object, command: Command) =>
        setSuspended(await hand(command), name, suspended),
      );
  program
    .command('admit')
    .description('Lets a new portal in that waits. Needs an admin key.')
    .addArgument(portalArgument())
    .action(async (name: string, _options: object, command: Command) => admitPortal(await hand(command), name));
  program
    .command('install-link')
    .summary('Prints the link that installs a portal or authorizes it again.')
    .description(
      'Prints the link by which an administrator of a portal installs the app or authorizes it again. Needs an admin key.',
    )
    .argument('[portal]', 'an installed portal, or the domain of a new one; a page asks for it when absent')
    .option('--app <id>', "the app to install; the portal's own by default, or the default one")
    .addHelpText('after', examples('install-link acme', 'install-link acme.bitrix24.de --app a_5f2b8c1d9e0a7b64'))
    .action(async (name: string | undefined, { app }: { app?: string }, command: Command) =>
      installLink(await hand(command), name, app),
    );
}

function addKeys(program: Command, hand: ContextOf): void {
  const keys = program.command('keys').description('Keys of services. Needs an admin key.');
  keys
    .command('list')
    .description('Lists the keys: what each may do, when it ends, when it was last used. Never the keys themselves.')
    .action(async (_options: object, command: Command) => listKeys(await hand(command)));
  keys
    .command('create')
    .description('Makes a key, which is shown once, or written to a file.')
    .requiredOption('--name <name>', 'whose it is')
    .requiredOption('--scope <scope...>', `what it may do: ${scopes}`)
    .option('--portal <portal...>', 'the portals it may use; all by default')
    .option('--method <pattern...>', 'the methods it may run, as crm.*; any that its scopes allow by default')
    .option('--rate-per-second <n>', 'calls a second it may make, over all replicas', positive)
    .option('--burst <n>', 'calls it may make at once; needs --rate-per-second', whole)
    .addOption(endsIn())
    .addOption(endsAt())
    .addOption(outFile())
    .addHelpText('after', examples('keys create --name planning --scope backlog:read backlog:write --out planning.key'))
    .action(async (wanted: NewKey, command: Command) => createKey(await hand(command), wanted));
  keys
    .command('edit')
    .description(
      'Changes what a key may do, at once and on every replica; the key itself stays. What is not named stays.',
    )
    .argument('<id>', 'as `keys list` shows it')
    .option('--name <name>', 'whose it is')
    .option('--scope <scope...>', 'all that it may do; what is not listed is taken away')
    .addOption(new Option('--portal <portal...>', 'all the portals it may use').conflicts('allPortals'))
    .option('--all-portals', 'it may use every portal')
    .addOption(new Option('--method <pattern...>', 'all the methods it may run').conflicts('allMethods'))
    .option('--all-methods', 'any method that its scopes allow')
    .addOption(new Option('--rate-per-second <n>', 'calls a second').argParser(positive).conflicts('unlimitedRate'))
    .option('--burst <n>', 'calls at once; needs a rate', whole)
    .option('--unlimited-rate', 'no limit of calls')
    .addOption(endsIn().conflicts('neverExpires'))
    .addOption(endsAt().conflicts(['expiresInDays', 'neverExpires']))
    .option('--never-expires', 'it works until it is revoked')
    .addHelpText(
      'after',
      examples('keys edit c_5f2b8c1d9e0a7b64 --scope backlog:read --portal acme --rate-per-second 5'),
    )
    .action(async (id: string, changes: KeyChanges, command: Command) => editKey(await hand(command), id, changes));
  keys
    .command('rotate')
    .description('Gives a client another key, which is shown once, or written to a file.')
    .argument('<id>', 'as `keys list` shows it')
    .option('--grace-seconds <n>', 'so long the old key goes on working; 0 by default', whole)
    .addOption(endsIn())
    .addOption(endsAt())
    .addOption(outFile())
    .addHelpText('after', examples('keys rotate c_5f2b8c1d9e0a7b64 --grace-seconds 3600 --out planning.key'))
    .action(async (id: string, wanted: Expiry, command: Command) => rotateKey(await hand(command), id, wanted));
  keys
    .command('revoke')
    .description('Deletes a client; its key stops working at once.')
    .argument('<id>', 'as `keys list` shows it')
    .action(async (id: string, _options: object, command: Command) => revokeKey(await hand(command), id));
  keys
    .command('assistants')
    .description('Lists the assistants that are connected by OAuth and act as a client.')
    .argument('<id>', 'as `keys list` shows it')
    .action(async (id: string, _options: object, command: Command) => listAssistants(await hand(command), id));
  keys
    .command('end-assistant')
    .description('Ends an assistant of a client; its tokens stop working at once.')
    .argument('<id>', 'of the client, as `keys list` shows it')
    .argument('<assistant>', 'as `keys assistants` shows it')
    .action(async (id: string, assistant: string, _options: object, command: Command) =>
      endAssistant(await hand(command), id, assistant),
    );
}

function addCall(program: Command, hand: ContextOf): void {
  program
    .command('call')
    .description('Runs any method of a portal and prints its result.')
    .addArgument(portalArgument())
    .argument('<method>', 'as crm.deal.list')
    .argument('[json]', 'its parameters: JSON, @file, or - for standard input; none by default')
    .option('--start <n>', 'where a list goes on: the `next` of the page before', integer)
    .option('--deadline-ms <n>', 'how long to wait for the portal, at most 120000', whole)
    .option('--idempotency-key <key>', 'a write with it happens once, however often it is sent')
    .addHelpText(
      'after',
      examples(
        `call acme crm.deal.list '{"filter":{">ID":100},"select":["ID","TITLE"]}'`,
        'call acme crm.deal.add @deal.json --idempotency-key import-17',
        'echo \'{"id":125}\' | b24-gateway call acme tasks.api.scrum.backlog.get -',
      ),
    )
    .action(
      async (
        portal: string,
        method: string,
        given: string | undefined,
        options: CallCommandOptions,
        command: Command,
      ) => callMethod(await hand(command), { portal, method, given }, options),
    );
}

function addMethods(program: Command, paper: Output): void {
  const methods = program
    .command('methods')
    .description('The methods of Bitrix24 that are documented. Needs neither a gateway nor a key.');
  methods
    .command('find')
    .description('Finds up to ten methods for a task in English words, the best first.')
    .argument('<words...>', 'as create a deal')
    .addHelpText('after', examples('methods find create a deal', 'methods find who is the current user --json'))
    .action((words: string[]) => {
      findByWords(paper, words.join(' '));
    });
  methods
    .command('describe')
    .description('Shows what a method does, takes and returns, what it needs, and its page.')
    .argument('<method>', 'as crm.deal.list')
    .addHelpText('after', examples('methods describe crm.deal.list', 'methods describe user.get --json'))
    .action((method: string) => {
      describeOne(paper, method);
    });
}

function addCallLog(program: Command, hand: ContextOf): void {
  const calls = program
    .command('calls')
    .description('Shows the calls of the last day: who called what, with what result, and where the time went.')
    .option('--limit <n>', 'the newest calls, at most this many', whole, 20)
    .option('--client <id>', 'of this client only, or admin')
    .option('--portal <portal>', 'to this portal only')
    .option('--method <method>', 'of this method only, as crm.deal.list')
    .option('--code <code>', 'ok, or the code of a problem')
    .option('--failed', 'only calls that failed')
    .option('--request-id <id>', 'of this request only')
    .option('--since <time>', 'from this time on, as 2026-11-01T03:00:00Z')
    .option('--until <time>', 'before this time')
    .action(async (options: CallListOptions, command: Command) => listCalls(await hand(command), options));
  calls
    .command('tail')
    .summary('Shows calls as they end.')
    .description(
      'Shows calls as they end, one a line, until it is stopped. Of the options of `calls` it takes --client, --portal, --method, --code and --failed.',
    )
    .addHelpText('after', examples('calls tail --portal acme --failed'))
    .action(async (_options: object, command: Command) =>
      tailCalls(await hand(command), command.optsWithGlobals<CallFilterOptions>()),
    );
}

function addRecords(program: Command, hand: ContextOf): void {
  program
    .command('audit')
    .description('Shows who wrote what, the newest last. Needs an admin key.')
    .option('--limit <n>', 'the newest so many', whole, 20)
    .option('--follow', 'go on showing what comes, one entry a line, until it is stopped')
    .option('--portal <portal>', 'of this portal only')
    .option('--by <party>', 'people (the console, the admin key), services, or portals')
    .option('--client <id>', 'by this client only, or admin, portal event, portal page, authorization')
    .option('--action <operation>', 'of this operation only, as addBacklog')
    .option('--outcome <outcome>', 'done, or the code of a problem')
    .option('--request-id <id>', 'of this request only')
    .option('--from <time>', 'from this time on, as 2026-11-01T09:00:00Z')
    .option('--to <time>', 'before this time')
    .addHelpText('after', examples('audit --portal acme --from 2026-11-01T09:00:00Z', 'audit --follow --json'))
    .action(async (filter: AuditTailOptions, command: Command) => tailAudit(await hand(command), filter));
  const sessions = program.command('sessions').description('Who is signed in to the console. Needs an admin key.');
  sessions
    .command('list')
    .description('Lists the sessions of the console, newest first.')
    .action(async (_options: object, command: Command) => listSessions(await hand(command)));
  sessions
    .command('end')
    .description('Ends a session on every replica.')
    .argument('<id>', 'as `sessions list` shows it')
    .action(async (id: string, _options: object, command: Command) => endSession(await hand(command), id));
}

const scopes = Object.keys(scopeDescriptions).join(', ');

const portalArgument = () => new Argument('<portal>', 'member id, alias or domain');
const endsIn = () =>
  new Option('--expires-in-days <n>', 'it works for so many days; for ever by default').argParser(whole);
const endsAt = () =>
  new Option('--expires-at <time>', 'it works until then, as 2027-01-31T00:00:00Z').conflicts('expiresInDays');
const outFile = () =>
  new Option('--out <file>', 'write the key to this new file, readable by you only, and do not show it');

const manual = `
The key is never an argument, since a shell remembers what was typed and other users see it: keep it in a file of yours
and name that by --key-file, or set B24_GATEWAY_KEY. On the machine of a gateway whose URL is not named, the key is
ADMIN_KEY, or what \`npm start\` keeps in DATA_DIR (./data); it is sent nowhere else.

Problems are told on standard error with their code, what to do, and the request id by which the log has them;
docs/faults.md explains each code. Exit codes: 0 done (the doctor: no problem found), 1 it came to nothing, 2 the
command was not understood. Colours: on a terminal only, and not when NO_COLOR is set.
`;

const doctorManual = `
It looks at the settings (as the gateway's start does), at Redis (does it answer, may it evict or forget, does its clock
go with ours), at the authorization servers (do they answer, does their clock go with ours), at the gateway, at the key
and the portals it may see, and at PUBLIC_URL. Each finding says what to do. It changes nothing.

What the environment does not set is read where \`npm start\` keeps it (DATA_DIR). In the container:
  docker compose exec gateway b24-gateway doctor

With B24_GATEWAY_URL (or --url) and a key alone, from any other machine, it looks at the gateway, the key and the portals,
and marks with – what only the gateway's own machine can see.
`;

const completionManual = `
Once, for bash (where bash-completion is installed; else source it in ~/.bashrc), zsh or fish:
  b24-gateway completion bash > ~/.local/share/bash-completion/completions/b24-gateway
  b24-gateway completion zsh > "\${fpath[1]}/_b24-gateway"
  b24-gateway completion fish > ~/.config/fish/completions/b24-gateway.fish
`;

function examples(...commands: readonly string[]): string {
  const lines = commands.map((it) => `  ${it.includes('| b24') ? it : `b24-gateway ${it}`}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function integer(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function positive(text: string): number {
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(text)) throw new InvalidArgumentError('It must be a number.');
  return Number(text);
}
