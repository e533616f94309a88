# Completion of vmstore for bash. completions/vmstore.bash, _vmstore and vmstore.fish are made by ./script/completions from
# engine.* and the table of commands: change those.
# It starts no process: what VMs, PVs, nodes and jobs there are, the last inventory has left in a file.
# shellcheck shell=bash

_vmstore() {
    local -a words=() verbs=() options=() arguments=() codes=()
    local -A given=()
    local word entry='' path='' waits='' ended='' config='' place=0
    COMPREPLY=()
    _vmstore_cut
    local whole=${words[-1]} current=${words[-1]} before=''
    unset 'words[-1]'
    _vmstore_table ''
    for word in "${words[@]:1}"; do
        if [[ $waits ]]; then
            [[ $waits == --config=* ]] && config=$word
            waits=''
        elif [[ $ended || $word != -?* ]]; then
            if ((${#verbs[@]} == 0)); then
                ((place += 1))
            elif [[ " ${verbs[*]} " == *" $word "* ]]; then
                path+=${path:+ }$word
                _vmstore_table "$path"
            else
                return 0
            fi
        elif [[ $word == -- ]]; then
            ended=yes
        elif _vmstore_option "${word%%=*}"; then
            given[$entry]=yes
            if [[ $word == *=* ]]; then
                [[ $entry == --config=* ]] && config=${word#*=}
            elif [[ $entry == *=* ]]; then
                waits=$entry
            fi
        fi
    done

    if [[ $waits ]]; then
        _vmstore_values "${waits#*=}"
    elif [[ ! $ended && $current == --*=* ]]; then
        if _vmstore_option "${current%%=*}" && [[ $entry == *=* ]]; then
            before=${current%%=*}= current=${current#*=}
            _vmstore_values "${entry#*=}"
        fi
    elif [[ ! $ended && $current == -* ]]; then
        _vmstore_options
    elif ((${#verbs[@]})); then
        _vmstore_offer "${verbs[@]}"
    elif ((place < ${#arguments[@]})); then
        _vmstore_values "${arguments[place]#\*}"
    elif ((${#arguments[@]})) && [[ ${arguments[-1]} == \** ]]; then
        _vmstore_values "${arguments[-1]#\*}"
    elif [[ ! $ended && ! $current ]]; then
        _vmstore_options
    fi

    # Readline replaces no more than what stands behind the last of these.
    local breaks=${COMP_WORDBREAKS//[!=:@]/}
    if [[ $breaks && $whole == *["$breaks"]* ]]; then
        whole=${whole%"${whole##*["$breaks"]}"}
        COMPREPLY=("${COMPREPLY[@]#"$whole"}")
    fi
}

# Sets words to those up to the cursor: bash cuts at = and : as well, so what stands together is put together.
_vmstore_cut() {
    local line=${COMP_LINE:0:COMP_POINT} word between i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        between=${line%%[![:space:]]*}
        line=${line#"$between"}
        word=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$line
        line=${line#"$word"}
        if [[ $between ]] || ((i == 0)); then words+=("$word"); else words[-1]+=$word; fi
    done
}

# WORD: sets entry to the option that is spelt so.
_vmstore_option() {
    for entry in "${options[@]}"; do
        local spelt=${entry#\*}
        [[ ,${spelt%%=*}, == *,"$1",* ]] && return 0
    done
    return 1
}

# Offers the options that were not given, and those that may be given again.
_vmstore_options() {
    for entry in "${options[@]}"; do
        [[ ${given[$entry]:-} && $entry != \** ]] && continue
        entry=${entry#\*}
        local IFS=,
        # shellcheck disable=SC2086  # meant to be split
        _vmstore_offer ${entry%%=*}
    done
}

# WORD...: offers those that begin as the current word does.
_vmstore_offer() {
    local word
    for word in "$@"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$before$word")
    done
}

# OFFERS: offers words, names and files, such as "table|json" or "@class|@pv".
_vmstore_values() {
    local IFS='|' offer
    for offer in $1; do
        case $offer in
        @file) compopt -o default ;;
        @code) _vmstore_offer "${codes[@]}" ;;
        @*) _vmstore_names "${offer#@}" ;;
        *) _vmstore_offer "$offer" ;;
        esac
    done
}

# KIND: offers the names of a kind. Whatever the file holds, nothing gets out of it that a shell or a terminal could take
# for more than a name.
_vmstore_names() {
    local LC_ALL=C IFS=' ' file=${config:-${VMSTORE_CONFIG:-/etc/vmstore/vmstore.toml}} folder=/var/cache/vmstore/names own line
    local -a lines=()
    case $file in
    /*) ;;
    \~/*) file=$HOME/${file#\~/} ;;
    *) file=$PWD/${file#./} ;;
    esac
    file=${file//\//%}
    own=${XDG_CACHE_HOME:-$HOME/.cache}/vmstore/names
    if [[ ${VMSTORE_CACHE:-} ]]; then
        folder=$VMSTORE_CACHE/names
    elif [[ ! -r $folder/$file || $own/$file -nt $folder/$file ]]; then
        folder=$own
    fi
    file=$folder/$file
    # Only root can make what is in /var/cache; elsewhere it must be one's own.
    [[ -f $file && -r $file ]] && [[ $folder == /var/cache/* || (-O $file && -O $folder) ]] || return 0
    mapfile -t lines <"$file"
    [[ "${lines[*]}" =~ [^A-Za-z0-9/_.:+=@,\ -] ]] && return 0
    for line in "${lines[@]}"; do
        case $line in
        "$1 " | "$1 "[!A-Za-z0-9/_]*) ;;
        "$1 $current"*)
            line=${line#"$1 "}
            COMPREPLY+=("$before${line%% *}")
            ;;
        esac
    done
}

# COMMAND: sets its verbs, or its arguments, and its options.
# shellcheck disable=SC2034
_vmstore_table() {
    verbs=() arguments=() options=() codes=('VMS-C01' 'VMS-C02' 'VMS-C03' 'VMS-G01' 'VMS-G02' 'VMS-G03' 'VMS-J01' 'VMS-J02' 'VMS-L01' 'VMS-M01' 'VMS-P01' 'VMS-P02' 'VMS-P03' 'VMS-P04' 'VMS-V01' 'VMS-V02' 'VMS-V03' 'VMS-D10' 'VMS-D11' 'VMS-D12' 'VMS-D13' 'VMS-D14' 'VMS-D15' 'VMS-D16' 'VMS-D20' 'VMS-D21' 'VMS-D22' 'VMS-D23' 'VMS-D24' 'VMS-D25' 'VMS-D30' 'VMS-D31' 'VMS-D32' 'VMS-D33' 'VMS-D34' 'VMS-D40' 'VMS-D41' 'VMS-D42' 'VMS-D43' 'VMS-D44' 'VMS-D45' 'VMS-D46' 'VMS-D47' 'VMS-D50')
    case $1 in
    '')
        verbs=('list' 'show' 'status' 'report' 'doctor' 'explain' 'log' 'create' 'grow' 'remove' 'start' 'stop' 'relocate' 'freeze' 'thaw' 'evacuate' 'rebalance' 'init' 'completion' 'pv' 'job' 'policy' 'agent' 'inventory')
        options=('--debug' '--version' '-h,--help')
        ;;
    'list')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'show')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'status')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'report')
        arguments=('*@vg|@class|@pv|@vm')
        options=('-o,--output=table|json|plain|csv|html|prometheus|nagios' '*--to=@file' '--cron' '--all' '--pictures,--no-pictures' '--config=@file' '*--offline=@node' '-h,--help')
        ;;
    'doctor')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'explain')
        arguments=('*@code')
        options=('-o,--output=table|json|plain' '-h,--help')
        ;;
    'log')
        arguments=('@vm|@pv|@job')
        options=('--since=' '--failed' '-n,--lines=' '--nodes' '--config=@file' '-o,--output=table|json|plain' '-h,--help')
        ;;
    'create')
        arguments=('' '')
        options=('--class=@class' '*--pv=@pv' '--fs=ext3|ext4' '--activate' '--service,--no-service' '--agents=bundled|stock' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'grow')
        arguments=('@vm' '')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'remove')
        arguments=('@vm')
        options=('--wipe' '--confirm=' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'start')
        arguments=('@vm' '@node')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'stop')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'relocate')
        arguments=('@vm' '@node')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'freeze')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'thaw')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'evacuate')
        arguments=('@pv')
        options=('*--to=@class|@pv' '--remove' '--window=' '--rate=' '*--exclude=@vm' '--engine=mirror|raid1|used' '--suspend=' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'rebalance')
        options=('--most=' '--window=' '--rate=' '*--exclude=@vm' '--engine=mirror|raid1|used' '--suspend=' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'init')
        options=('--vg=@vg' '*--node=@node' '--write' '--config=@file' '-h,--help')
        ;;
    'completion')
        arguments=('bash|zsh|fish')
        options=('-h,--help')
        ;;
    'pv')
        verbs=('list' 'add' 'remove' 'cordon' 'uncordon')
        options=('-h,--help')
        ;;
    'pv list')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'pv add')
        arguments=('@file')
        options=('--class=@class' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'pv remove')
        arguments=('@pv')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'pv cordon')
        arguments=('@pv')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'pv uncordon')
        arguments=('@pv')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'job')
        verbs=('list' 'show' 'watch' 'pause' 'resume' 'rate' 'abort')
        options=('-h,--help')
        ;;
    'job list')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'job show')
        arguments=('@job')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'job watch')
        arguments=('@job')
        options=('--config=@file' '*--offline=@node' '-h,--help')
        ;;
    'job pause')
        arguments=('@job')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'job resume')
        arguments=('@job')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'job rate')
        arguments=('@job' '')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'job abort')
        arguments=('@job')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'policy')
        verbs=('show' 'check' 'apply')
        options=('-h,--help')
        ;;
    'policy show')
        arguments=('@vm')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'policy check')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'policy apply')
        options=('--cron' '--begin' '--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'agent')
        verbs=('check' 'deploy')
        options=('-h,--help')
        ;;
    'agent check')
        arguments=('*@node')
        options=('--config=@file' '-o,--output=table|json|plain' '*--offline=@node' '-h,--help')
        ;;
    'agent deploy')
        arguments=('*@node')
        options=('--config=@file' '-o,--output=table|json|plain' '--dry-run' '-y,--yes' '*--offline=@node' '-h,--help')
        ;;
    'inventory')
        verbs=('export')
        options=('-h,--help')
        ;;
    'inventory export')
        arguments=('@file')
        options=('--config=@file' '*--offline=@node' '-h,--help')
        ;;
    esac
}

complete -F _vmstore vmstore
