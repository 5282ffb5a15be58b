import { type CompletedCommand, type CompletedOption, type CompletedWord, valueOptions } from './completed-command';

/** Returns a script for fish. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => fishQuoted(path));
  return `# Completes b24-gateway in fish.
function __b24_gateway_at
  set -l at
  set -l value
  for word in (commandline -opc)[2..-1]
    if test -n "$value"
      set value
      continue
    end
    switch $word
      case ${valueOptions(commands).join(' ')}
        set value 1
      case '-*'
      case '*'
        if contains -- (string join ' ' $at $word) ${paths.join(' ')}
          set at $at $word
        end
    end
  end
  test (string join ' ' _ $at) = (string join ' ' _ $argv)
end
complete -c b24-gateway -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, words, options }: CompletedCommand): string[] {
  const start = `complete -c b24-gateway -n ${fishQuoted(`__b24_gateway_at ${path}`.trim())}`;
  return [
    ...words.map(({ word, about }: CompletedWord) => `${start} -a ${word} -d ${fishQuoted(about)}`),
    ...options.map((it) => `${start} -l ${it.word.slice(2)}${valueOf(it)} -d ${fishQuoted(it.about)}`),
  ];
}

function valueOf({ takesValue, values }: CompletedOption): string {
  if (!takesValue) return '';
  return values.length > 0 ? ` -x -a ${fishQuoted(values.join(' '))}` : ' -r -F';
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
