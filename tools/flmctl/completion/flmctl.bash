# bash completion for flmctl(1).
_flmctl() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} i command='' sub=''
  local commands='version watch config counter stats led log selftest raw console calibrate flash ports'
  local globals='--port --json --yes --help'
  case $previous in
    --port)
      mapfile -t COMPREPLY < <(compgen -W 'sim: spi:/dev/' -- "$word"; compgen -G "$word*" -- "$word")
      compopt -o nospace
      return ;;
    --config | --saved | --html) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --files) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --for | --seconds | --reference | --uncertainty | --limit) return ;;
    --sensor) mapfile -t COMPREPLY < <(compgen -W '1 2 3 4 5 6' -- "$word"); return ;;
    --mains) mapfile -t COMPREPLY < <(compgen -W '50 60' -- "$word"); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --port | --config | --for | --saved | --html | --files | --seconds | --reference | --uncertainty | --limit | --sensor | --mains)
        # Its value; bash takes a colon for a word of its own.
        ((++i))
        while [[ ${COMP_WORDS[i + 1]-} == : || ${COMP_WORDS[i]} == : ]] && ((i + 1 < COMP_CWORD)); do ((++i)); done ;;
      -* | :) ;;
      *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; elif [[ -z $sub ]]; then sub=${COMP_WORDS[i]}; fi ;;
    esac
  done
  local choices=''
  case $command:$sub in
    :) choices=$commands ;;
    selftest:*) choices='--for' ;;
    watch:*) choices='--for --jsonl --config --keep-on' ;;
    config:) choices='pull push diff check' ;;
    config:*) mapfile -t COMPREPLY < <(compgen -o plusdirs -f -X '!*.toml' -- "$word") ;;
    counter:) choices='get set' ;;
    counter:*) choices='1 2 3 4 5 6' ;;
    stats:) choices='1 2 3' ;;
    led:) choices='heartbeat 1 2 3 4 5 6' ;;
    calibrate:) choices='shape zero gain against report' ;;
    calibrate:gain) choices='--reference --sensor --seconds' ;;
    calibrate:shape) choices='--mains --sensor --seconds' ;;
    calibrate:against) choices='p1 pulse:4 pulse:5 --sensor --uncertainty --limit' ;;
    calibrate:report) choices='--html --config' ;;
    calibrate:*) choices='--sensor --seconds' ;;
    flash:) choices="$(cd "$(dirname "$(command -v flmctl)")/../share/openflm/boards" 2>/dev/null && echo *) --dry-run --saved --no-save --files" ;;
    flash:*) choices='--dry-run --saved --no-save --files' ;;
  esac
  if [[ $word == -* || -n $choices ]]; then mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$choices $([[ $word == -* ]] && echo "$globals")" -- "$word"); fi
}
complete -F _flmctl flmctl
