import { Output, plain, styleOf, tableOf } from './output';
import { CommandFailure } from './command-failure';

const terminal = { isTTY: true, hasColors: () => true, write: () => true } as const;

/** A stream that keeps what is written. */
function kept(tty = false) {
  const texts: string[] = [];
  return { texts, write: (text: string) => texts.push(text) > 0, ...(tty && { isTTY: true, hasColors: () => true }) };
}

describe('paper', () => {
  it('has colours on a terminal that has them only, and not when NO_COLOR asks for none', () => {
    const red = (stream: Parameters<typeof styleOf>[0], noColor?: string) => styleOf(stream, noColor).red('x');
    expect(red(terminal)).toBe('\u001b[31mx\u001b[39m');
    expect(red(terminal, '')).toBe('\u001b[31mx\u001b[39m');
    expect(red(terminal, '1')).toBe('x');
    expect(red({ ...terminal, isTTY: false })).toBe('x');
    expect(red({ ...terminal, hasColors: () => false })).toBe('x');
    expect(red({ write: () => true })).toBe('x');
  });

  it('aligns columns by what is seen of them, not by their colours', () => {
    const columns = [
      { title: 'A', of: ({ a }: { a?: string }) => a, colour: () => 'red' as const },
      { title: 'B', of: () => 'end' },
    ];
    const table = tableOf(columns, [{ a: 'long\u001b[2J er' }, {}], styleOf(terminal, undefined));
    expect(table.split('\n').map(plain)).toEqual(['A        B', 'long er  end', '–        end']);
  });

  it('tells programs nothing but the answer, and problems apart from it', () => {
    const [out, err] = [kept(true), kept(true)];
    const paper = new Output(out, err, true, undefined);
    paper.print({ a: 1 }, () => 'words');
    paper.hint('a hint');
    paper.fail(CommandFailure.of('no_key', 'Give it.'));
    expect(out.texts).toEqual(['{"a":1}\n']);
    expect(err.texts).toEqual(['{"code":"no_key","title":"No key was given","detail":"Give it.","retryable":false}\n']);
  });

  it('says all that a problem says, place by place', () => {
    const err = kept();
    const problem = {
      ...{ code: 'queue_full', title: 'Full', detail: 'Wait.', status: 429, retryable: true, requestId: 'r1' },
      ...{ retryAfterSeconds: 7, errors: [{ path: 'name', message: 'Must be short.' }] },
    };
    new Output(kept(), err, false, undefined).fail(new CommandFailure(problem));
    expect(err.texts).toEqual([
      '✗ queue_full (429): Full\n  Wait.\n  name        Must be short.\n  ask again   yes, in 7 s\n  request id  r1\n',
    ]);
  });
});
