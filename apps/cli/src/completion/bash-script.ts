import { type CompletedCommand, quoted, valueOptions } from './completed-command';

/** Returns a script for bash. It needs no other package, and runs nothing but the shell's own words. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `# Completes b24-gateway in bash.
_b24_gateway() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} at='' value='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $value ]]; then value=''; continue; fi
    case $word in
      ${valueOptions(commands).join('|')}) value=1 ;;
      -*) ;;
      *) case "\${at:+$at }$word" in ${paths.join('|')}) at="\${at:+$at }$word" ;; esac ;;
    esac
  done
  if [[ -n $value ]]; then
    case "$at $previous" in
${valueCases(commands)}
      *) return ;;
    esac
  elif [[ $current == -* ]]; then
    case $at in
${commands.map(({ path, options }) => wordCase(path, options)).join('\n')}
    esac
  else
    case $at in
${commands.map(({ path, words }) => wordCase(path, words)).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _b24_gateway b24-gateway
`;
}

function wordCase(path: string, words: readonly { readonly word: string }[]): string {
  return `      ${quoted(path)}) words=${quoted(words.map(({ word }) => word).join(' '))} ;;`;
}

function valueCases(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ path, options }) =>
    options.filter(({ values }) => values.length > 0).map(({ word, values }) => ({ at: `${path} ${word}`, values })),
  );
  return known.map(({ at, values }) => `      ${quoted(at)}) words=${quoted(values.join(' '))} ;;`).join('\n');
}
