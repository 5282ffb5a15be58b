import { commandWords, groupFailures } from './failure-groups';

describe('the failures of a part of a batch', () => {
  it('are one for all commands that failed in the same way', () => {
    const same = { code: 'backlog_not_found', detail: 'No such backlog.' };
    const other = { code: 'outcome_unknown', detail: 'It may have run.' };
    const failures = [
      { command: 0, ...same },
      { command: 3, ...other },
      { command: 7, ...same },
    ];
    expect(groupFailures(failures)).toEqual([
      { ...same, commands: [0, 7] },
      { ...other, commands: [3] },
    ]);
  });

  it.each([
    [[4], 'Command 4'],
    [[4, 5], 'Commands 4, 5'],
    [Array.from({ length: 50 }, (_, i) => i), 'Commands 0, 1, 2, 3, 4, 5, 6, 7 and 42 more'],
  ])('name commands as %j: %s', (commands, words) => {
    expect(commandWords(commands)).toBe(words);
  });
});
