import { HandClock } from '../../../test/support/hand-clock';
import { CommandTimeouts } from './command-timeouts';

const commandOf = () => {
  const command = {
    isSettled: false,
    failure: undefined as string | undefined,
    reject({ message }: Error) {
      command.isSettled = true;
      command.failure = message;
    },
  };
  return command;
};
const open = () => {
  const clock = new HandClock();
  return { clock, timeouts: new CommandTimeouts(clock, 2000) };
};

describe('the timeout of a command to Redis', () => {
  it('fails a command that is not answered in time, and no other', async () => {
    const { clock, timeouts } = open();
    const [hanging, answered] = [commandOf(), commandOf()];
    timeouts.watch(hanging);
    timeouts.watch(answered);
    answered.isSettled = true;
    await clock.advance(1999);
    expect(hanging.failure).toBeUndefined();
    await clock.advance(251);
    expect([hanging.failure, answered.failure]).toEqual(['Command timed out', undefined]);
  });

  it('gives a command the whole time, however soon the next tick comes', async () => {
    const { clock, timeouts } = open();
    timeouts.watch(commandOf());
    await clock.advance(249);
    const late = commandOf();
    timeouts.watch(late);
    await clock.advance(1999);
    expect(late.failure).toBeUndefined();
    await clock.advance(300);
    expect(late.failure).toBe('Command timed out');
  });

  it('counts a pause of the replica itself as one tick, however long', () => {
    const due: (() => void)[] = [];
    const timeouts = new CommandTimeouts(
      { now: () => 0, after: (_ms, task) => (due.push(task), () => undefined) },
      2000,
    );
    const command = commandOf();
    timeouts.watch(command);
    const failures = Array.from({ length: 9 }, () => {
      due.shift()!(); // however late
      return command.failure;
    });
    expect(failures.slice(0, -1).every((failure) => failure === undefined)).toBe(true);
    expect(failures.at(-1)).toBe('Command timed out');
  });

  it('keeps no timer while nothing waits', async () => {
    const { clock, timeouts } = open();
    const command = commandOf();
    timeouts.watch(command);
    command.isSettled = true;
    await clock.advance(250);
    expect(clock.pending).toBe(0);
  });
});
