#compdef vmstore
# Completion of vmstore for zsh. completions/vmstore.bash, _vmstore and vmstore.fish are made by ./script/completions from
# engine.* and the table of commands: change those.
# It starts no process: what VMs, PVs, nodes and jobs there are, the last inventory has left in a file.

# KIND...: offers the names of these kinds.
_vmstore_names() {
  local -a lines names expl
  local kind
  integer failed=1
  _vmstore_read || return
  for kind; do
    names=(${(M)lines:#$kind [A-Za-z0-9/_]*})
    names=(${names#$kind })
    if (( ${names[(I)* *]} )); then
      names=(${${names//:/\\:}/ /:})
      _describe -t $kind $kind names && failed=0
    else
      # As _describe would, in half of its time where there are thousands.
      _wanted $kind expl $kind compadd -a names && failed=0
    fi
  done
  return failed
}

# Sets lines to what the file holds. Whatever that is, nothing gets out of it that a shell or a terminal could take for
# more than a name.
_vmstore_read() {
  local file=${VMSTORE_CONFIG:-/etc/vmstore/vmstore.toml} folder=/var/cache/vmstore/names own text
  integer i
  for (( i = 1; i < CURRENT; i++ )); do
    case $words[i] in
      (--config) file=${(Q)words[i+1]} ;;
      (--config=*) file=${(Q)words[i]#*=} ;;
    esac
  done
  case $file in
    (/*) ;;
    (\~/*) file=$HOME/${file#\~/} ;;
    (*) file=$PWD/${file#./} ;;
  esac
  file=${file//\//%}
  own=${XDG_CACHE_HOME:-$HOME/.cache}/vmstore/names
  if [[ -n $VMSTORE_CACHE ]]; then
    folder=$VMSTORE_CACHE/names
  elif [[ ! -r $folder/$file || $own/$file -nt $folder/$file ]]; then
    folder=$own
  fi
  file=$folder/$file
  # Only root can make what is in /var/cache; elsewhere it must be one's own.
  [[ -f $file && -r $file && ( $folder == /var/cache/* || ( -O $file && -O $folder ) ) ]] || return 1
  text="$(<$file)"
  setopt localoptions nomultibyte
  [[ $text == *[^A-Za-z0-9/_.:+=@,\ $'\n'-]* ]] && return 1
  lines=(${(f)text})
}
