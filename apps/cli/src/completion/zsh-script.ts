import {
  type CompletedCommand,
  type CompletedOption,
  type CompletedWord,
  quoted,
  valueOptions,
} from './completed-command';

/** Returns a script for zsh, to be sourced or put into a folder of `fpath` as `_b24-gateway`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `#compdef b24-gateway
# Completes b24-gateway in zsh.
_b24_gateway() {
  local at='' value='' word i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $value ]]; then value=''; continue; fi
    case $word in
      (${valueOptions(commands).join('|')}) value=1 ;;
      (-*) ;;
      (*) case "\${at:+$at }$word" in (${paths.join('|')}) at="\${at:+$at }$word" ;; esac ;;
    esac
  done
  if [[ -n $value ]]; then
    case "$at $words[CURRENT-1]" in
${valueCases(commands)}
      (*) _files; return ;;
    esac
  elif [[ $words[CURRENT] == -* ]]; then
    case $at in
${commands.map(({ path, options }) => foundCase(path, options)).join('\n')}
    esac
  else
    case $at in
${commands.map(({ path, words }) => foundCase(path, words)).join('\n')}
    esac
  fi
  _describe b24-gateway found
}
if [[ $funcstack[1] == _b24-gateway ]]; then _b24_gateway "$@"; else compdef _b24_gateway b24-gateway; fi
`;
}

function foundCase(path: string, words: readonly CompletedWord[]): string {
  return `      (${quoted(path)}) found=(${words.map(described).join(' ')}) ;;`;
}

function described({ word, about }: CompletedWord): string {
  return quoted(`${word}:${about.replaceAll('\\', '\\\\').replaceAll(':', '\\:')}`);
}

function valueCases(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ path, options }) => options.filter(hasValues).map((it) => ({ path, ...it })));
  return known
    .map(({ path, word, values }) => `      (${quoted(`${path} ${word}`)}) found=(${values.map(quoted).join(' ')}) ;;`)
    .join('\n');
}

function hasValues({ values }: CompletedOption): boolean {
  return values.length > 0;
}
