# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of mailtrace; the names of the options come from its own --help

_mailtrace_list()
{
  local done=${cur%,*}
  [[ $cur == *,* ]] && done+=, || done=
  COMPREPLY=($(compgen -P "$done" -W "$1" -- "${cur##*,}"))
  compopt -o nospace
}

_mailtrace()
{
  local cur prev words cword split
  _init_completion -s || return

  case $prev in
    --json) COMPREPLY=($(compgen -W 'native ecs' -- "$cur")) ;;
    --emit) _mailtrace_list 'message session scan delivery dkim' ;;
    --anonymize) _mailtrace_list 'subject local-part' ;;
    --omit) _mailtrace_list 'subject local-part text' ;;
    --progress) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")) ;;
    --tls-policy)
      _filedir policy
      COMPREPLY+=($(compgen -W 'bsi-tr-02102-2 mozilla-modern mozilla-intermediate' -- "$cur")) ;;
    --journal | --counters | --anonymize-key | --output | -o) _filedir ;;
    --host | --host-alias | --local-domains | --time-zone | --timeout | --interim-after | --settle-time | --raw | --max-*) ;;
    *)
      $split && return
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '$("$1" --help | grep -o -E -- "^ +(-[a-zA-Z], )?--[a-z-]+=?" | grep -o -E -- "--.*")' -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
      else
        _filedir
      fi ;;
  esac
} && complete -F _mailtrace mailtrace
