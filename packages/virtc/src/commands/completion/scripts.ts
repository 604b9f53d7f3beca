const bash = `# bash completion for virtc
_virtc() {
  local line="\${COMP_LINE:0:COMP_POINT}" words current breaks candidate about
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="\${words[-1]}"
  breaks="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate about; do
    if [[ $candidate == :files ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("\${candidate#"$breaks"}")
    fi
  done < <(virtc __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _virtc virtc
`;

const zsh = `#compdef virtc
_virtc() {
  local -a candidates
  local candidate about files=0
  while IFS=$'\\t' read -r candidate about; do
    if [[ $candidate == :files ]]; then
      files=1
    else
      candidates+=("\${candidate//:/\\\\:}\${about:+:$about}")
    fi
  done < <(virtc __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#candidates} )) && _describe virtc candidates
  (( files )) && _files
}
if [[ "\${funcstack[1]}" == _virtc ]]; then
  _virtc "$@"
else
  compdef _virtc virtc
fi
`;

const fish = `# fish completion for virtc
function __virtc_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (virtc __complete -- $words[2..-1] 2>/dev/null)
    if string match -q ':files*' -- $line
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c virtc -f -a '(__virtc_complete)'
`;

/** The completion scripts; each asks \`virtc __complete\` for what can stand at the cursor. */
export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };
