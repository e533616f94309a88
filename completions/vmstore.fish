# Completion of vmstore for fish. completions/vmstore.bash, _vmstore and vmstore.fish are made by ./script/completions from
# engine.* and the table of commands: change those.
# It starts no process: what VMs, PVs, nodes and jobs there are, the last inventory has left in a file.

function __vmstore_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l verbs
    set -l arguments
    set -l options
    set -l codes
    set -l given
    set -l path
    set -l waits
    set -l ended
    set -l config
    set -l place 1
    __vmstore_table ''
    for word in $words[2..-1]
        if test -n "$waits"
            string match -q -- '*--config=*' $waits; and set config $word
            set waits
        else if test -n "$ended"; or not string match -q -- '-?*' $word
            if test -z "$verbs"
                set place (math $place + 1)
            else if string match -q -- $word\t'*' $verbs
                set -a path $word
                __vmstore_table "$path"
            else
                return
            end
        else if test "$word" = --
            set ended yes
        else
            set -l parts (string split -m 1 = -- $word)
            set -l entry (__vmstore_option $parts[1] $options); or continue
            set -a given $entry
            if set -q parts[2]
                string match -q -- '*--config=*' $entry; and set config $parts[2]
            else if string match -q -- '*=*' $entry
                set waits $entry
            end
        end
    end

    if test -n "$waits"
        __vmstore_values '' (string split -m 1 = -- $waits)[2]
    else if test -z "$ended"; and string match -q -- '--*=*' $current
        set -l parts (string split -m 1 = -- $current)
        set -l entry (__vmstore_option $parts[1] $options); or return
        __vmstore_values $parts[1]= (string split -m 1 = -- $entry)[2]
    else if test -z "$ended"; and string match -q -- '-*' $current
        __vmstore_options
    else if test -n "$verbs"
        printf '%s\n' $verbs
    else if set -q arguments[$place]
        __vmstore_values '' (string replace -r '^\*' '' -- $arguments[$place])
    else if string match -q -- '\**' $arguments[-1]
        __vmstore_values '' (string replace -r '^\*' '' -- $arguments[-1])
    else if test -z "$ended$current"
        __vmstore_options
    end
end

# SPELLING OPTION...: prints the entry of the option that is spelt so.
function __vmstore_option
    for option in $argv[2..-1]
        set -l entry (string split \t -- $option)[1]
        set -l spelt (string split -m 1 = -- (string replace -r '^\*' '' -- $entry))[1]
        if contains -- $argv[1] (string split , -- $spelt)
            echo $entry
            return
        end
    end
    return 1
end

# Offers the options that were not given, and those that may be given again. Only those with what is typed in them: fish would
# look for its letters in what is said of each, too.
function __vmstore_options --no-scope-shadowing
    set -l typed (string escape --style=regex -- (string replace -r '^-+' '' -- $current))
    for option in $options
        set -l parts (string split \t -- $option)
        if string match -q -- '\**' $parts[1]; or not contains -- $parts[1] $given
            set -l spelt (string split -m 1 = -- (string replace -r '^\*' '' -- $parts[1]))[1]
            set -l fitting (string match -er -- "$typed" (string split , -- $spelt))
            and printf '%s\n' $fitting\t$parts[2]
        end
    end
end

# BEFORE OFFERS: offers words, names and files, such as "table|json" or "@class|@pv", each with BEFORE before it.
function __vmstore_values --no-scope-shadowing
    for offer in (string split -n '|' -- $argv[2])
        switch $offer
            case @file
                # What fish offers to a command that it does not know.
                printf '%s\n' $argv[1](complete -C "'' "(string replace -- "$argv[1]" '' $current))
            case @code
                printf '%s\n' $argv[1]$codes
            case '@*'
                __vmstore_names "$argv[1]" (string sub -s 2 -- $offer) "$config"
            case '*'
                echo $argv[1]$offer
        end
    end
end

# BEFORE KIND CONFIG: offers the names of a kind. Whatever the file holds, nothing gets out of it that a shell or a terminal
# could take for more than a name.
function __vmstore_names
    set -l file /etc/vmstore/vmstore.toml
    test -n "$VMSTORE_CONFIG"; and set file $VMSTORE_CONFIG
    test -n "$argv[3]"; and set file $argv[3]
    switch $file
        case '/*'
        case '~/*'
            set file $HOME/(string sub -s 3 -- $file)
        case '*'
            set file $PWD/(string replace -r '^\./' '' -- $file)
    end
    set file (string replace -a / % -- $file)
    set -l folder /var/cache/vmstore/names
    set -l own $HOME/.cache/vmstore/names
    test -n "$XDG_CACHE_HOME"; and set own $XDG_CACHE_HOME/vmstore/names
    if test -n "$VMSTORE_CACHE"
        set folder $VMSTORE_CACHE/names
    else if not test -r $folder/$file; or test $own/$file -nt $folder/$file
        set folder $own
    end
    set file $folder/$file
    test -f $file -a -r $file; or return
    # Only root can make what is in /var/cache; elsewhere it must be one's own.
    string match -q '/var/cache/*' -- $folder; or test -O $file -a -O $folder; or return
    read -z -l text <$file
    string match -qr '[^A-Za-z0-9/_.:+=@,\n -]' -- $text; and return
    string match -r "^$argv[2] [A-Za-z0-9/_].*" -- (string split \n -- $text) |
        string replace -- "$argv[2] " "$argv[1]" | string replace ' ' \t
end

# COMMAND: sets its verbs, or its arguments, and its options.
function __vmstore_table --no-scope-shadowing
    set verbs
    set arguments
    set options
    set codes \
        'VMS-C01'\t'class nearly full' \
        'VMS-C02'\t'class full soon' \
        'VMS-C03'\t'class below its reserve' \
        'VMS-G01'\t'VG nearly full' \
        'VMS-G02'\t'VG full soon' \
        'VMS-G03'\t'VG below its reserve' \
        'VMS-J01'\t'growth jumped' \
        'VMS-J02'\t'growth got faster' \
        'VMS-L01'\t'lock LV without room' \
        'VMS-M01'\t'VG metadata nearly full' \
        'VMS-P01'\t'PV missing' \
        'VMS-P02'\t'PV cordoned for long' \
        'VMS-P03'\t'PV nearly full' \
        'VMS-P04'\t'PV below its reserve' \
        'VMS-V01'\t'VM file system nearly full' \
        'VMS-V02'\t'VM file system full soon' \
        'VMS-V03'\t'VM file system below its reserve' \
        'VMS-D10'\t'lvmlockd off' \
        'VMS-D11'\t'lock space not started' \
        'VMS-D12'\t'lvmpolld off' \
        'VMS-D13'\t'LVM takes its devices by other rules' \
        'VMS-D14'\t'PV not in the devices file' \
        'VMS-D15'\t'auto-activation on' \
        'VMS-D16'\t'VG cannot be read' \
        'VMS-D20'\t'LUN not seen' \
        'VMS-D21'\t'LUN with another WWID' \
        'VMS-D22'\t'LUN with another size' \
        'VMS-D23'\t'one path left, or none' \
        'VMS-D24'\t'path down' \
        'VMS-D25'\t'duplicate PV' \
        'VMS-D30'\t'device suspended' \
        'VMS-D31'\t'move half done' \
        'VMS-D32'\t'active on several nodes' \
        'VMS-D33'\t'mount not exclusive' \
        'VMS-D34'\t'no room to suspend' \
        'VMS-D40'\t'fencing off' \
        'VMS-D41'\t'manager cannot act' \
        'VMS-D42'\t'service failed' \
        'VMS-D43'\t'service frozen' \
        'VMS-D44'\t'who holds a volume is disputed' \
        'VMS-D45'\t'VM agent differs' \
        'VMS-D46'\t'node takes no services' \
        'VMS-D47'\t'shutdown out of order' \
        'VMS-D50'\t'clocks apart'
    switch $argv[1]
        case ''
            set verbs \
                'list'\t'List the volumes, their use and who holds them' \
                'show'\t'Show one volume in full, with where its extents lie' \
                'status'\t'Show the VMs\' services, and whether the nodes agree' \
                'report'\t'Report how full all is and when it will be full' \
                'doctor'\t'Look for what would make a later command fail or lose a VM' \
                'explain'\t'Explain the code of an alert or a finding, and what helps' \
                'log'\t'Show what was changed, by whom and how' \
                'create'\t'Create a VM\'s volume, its file system, and its service' \
                'grow'\t'Grow a VM\'s volume while the VM runs' \
                'remove'\t'Remove a VM\'s volume and all that is on it, and its service' \
                'start'\t'Start a VM, through the cluster manager where there is one' \
                'stop'\t'Stop a VM by suspending it to its own volume' \
                'relocate'\t'Relocate a running VM without a reboot' \
                'freeze'\t'Freeze a VM\'s service: the manager leaves it alone' \
                'thaw'\t'Thaw a VM\'s service: the manager takes care of it again' \
                'evacuate'\t'Empty a PV while its VMs run' \
                'rebalance'\t'Move volumes until every PV and class is within policy' \
                'init'\t'Propose a configuration, with the reason for each line' \
                'completion'\t'Print the completion for a shell' \
                'pv'\t'The LUNs below: list, add, remove, cordon, uncordon' \
                'job'\t'Jobs at work: list, show, watch, pause, resume, rate, abort' \
                'policy'\t'What vmstore does by itself: show the rules, check, apply' \
                'agent'\t'The program that runs VMs, on every node: check, deploy' \
                'inventory'\t'How the storage is laid out: export it'
            set options \
                '--debug'\t'Show where an error came from' \
                '--version'\t'Show the version and exit' \
                '-h,--help'\t'Show this message and exit'
        case 'list'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'show'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'status'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'report'
            set arguments \
                '*@vg|@class|@pv|@vm'
            set options \
                '-o,--output=table|json|plain|csv|html|prometheus|nagios'\t'How it is written; else as a table' \
                '*--to=@file'\t'Write it to a file, whole or not at all; repeatable. Without -o the ending tells how: .txt, .json, .csv, .tsv, .html, .prom' \
                '--cron'\t'Say only what is new: what crossed a threshold, changed, or is over' \
                '--all'\t'Show every VM, in the table and to nagios' \
                '--pictures,--no-pictures'\t'Draw pictures on the page; mail programs show none' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'doctor'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'explain'
            set arguments \
                '*@code'
            set options \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '-h,--help'\t'Show this message and exit'
        case 'log'
            set arguments \
                '@vm|@pv|@job'
            set options \
                '--since='\t'From then on: 2h, 7d, 2027-01-15, \'2027-01-15 08:00\'' \
                '--failed'\t'Only what failed, was refused, or has no known end' \
                '-n,--lines='\t'Only the last so many' \
                '--nodes'\t'Also what was typed on each other node' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '-h,--help'\t'Show this message and exit'
        case 'create'
            set arguments \
                '' \
                ''
            set options \
                '--class=@class'\t'Class of PVs it shall lie on; else the first in [placement] with room' \
                '*--pv=@pv'\t'PV it shall lie on; repeatable' \
                '--fs=ext3|ext4'\t'File system; else as [filesystem] says' \
                '--activate'\t'Leave it active on the node that made it' \
                '--service,--no-service'\t'Make the VM\'s service, too, where there is a cluster manager' \
                '--agents=bundled|stock'\t'What Pacemaker\'s service is made of; else as [cluster] says' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'grow'
            set arguments \
                '@vm' \
                ''
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'remove'
            set arguments \
                '@vm'
            set options \
                '--wipe'\t'Write zeros over it first' \
                '--confirm='\t'The VM\'s name once more, for scripts' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'start'
            set arguments \
                '@vm' \
                '@node'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'stop'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'relocate'
            set arguments \
                '@vm' \
                '@node'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'freeze'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'thaw'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'evacuate'
            set arguments \
                '@pv'
            set options \
                '*--to=@class|@pv'\t'Where to; repeatable. Else to other PVs of its class' \
                '--remove'\t'Take the PV out of the VG at the end' \
                '--window='\t'Move only at this time of each day, and rest outside it; none: any time' \
                '--rate='\t'Copy at most so much a second, such as 50M; none lifts a limit' \
                '*--exclude=@vm'\t'Leave this VM\'s volume where it is; repeatable' \
                '--engine=mirror|raid1|used'\t'Move by pvmove (mirror), by a second leg (raid1), or copy what is in use (used); else by the fastest' \
                '--suspend='\t'Let each VM be down for at most so long, such as 5m, where its volume moves faster so' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'rebalance'
            set options \
                '--most='\t'No PV may be fuller than this, such as 80%' \
                '--window='\t'Move only at this time of each day, and rest outside it; none: any time' \
                '--rate='\t'Copy at most so much a second, such as 50M; none lifts a limit' \
                '*--exclude=@vm'\t'Leave this VM\'s volume where it is; repeatable' \
                '--engine=mirror|raid1|used'\t'Move by pvmove (mirror), by a second leg (raid1), or copy what is in use (used); else by the fastest' \
                '--suspend='\t'Let each VM be down for at most so long, such as 5m, where its volume moves faster so' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'init'
            set options \
                '--vg=@vg'\t'The VG of the VMs, where there are several' \
                '*--node=@node'\t'A node; repeatable. Else those of the cluster' \
                '--write'\t'Write it to /etc/vmstore/vmstore.toml, or --config' \
                '--config=@file'\t'Propose it for here, not for /etc/vmstore/vmstore.toml' \
                '-h,--help'\t'Show this message and exit'
        case 'completion'
            set arguments \
                'bash|zsh|fish'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'pv'
            set verbs \
                'list'\t'List the PVs with transport, class, WWID and room' \
                'add'\t'Take a LUN into the VG' \
                'remove'\t'Take an empty PV out of the VG and remove its label' \
                'cordon'\t'Keep new extents off a PV; what lies on it stays' \
                'uncordon'\t'Let new extents on a PV again'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'pv list'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'pv add'
            set arguments \
                '@file'
            set options \
                '--class=@class'\t'Class to record; else the transport' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'pv remove'
            set arguments \
                '@pv'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'pv cordon'
            set arguments \
                '@pv'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'pv uncordon'
            set arguments \
                '@pv'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job'
            set verbs \
                'list'\t'List the jobs: how far each is, and why it rests' \
                'show'\t'Show a job with its record: what was asked and done' \
                'watch'\t'Follow a job until it is over; leaving this does nothing to it' \
                'pause'\t'Let a job rest after the piece that it moves' \
                'resume'\t'Let a job go on that rests or was cut off' \
                'rate'\t'Have a job that runs copy at another rate from now on' \
                'abort'\t'Give a job up: every volume stays whole where it is'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'job list'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job show'
            set arguments \
                '@job'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job watch'
            set arguments \
                '@job'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job pause'
            set arguments \
                '@job'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job resume'
            set arguments \
                '@job'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job rate'
            set arguments \
                '@job' \
                ''
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'job abort'
            set arguments \
                '@job'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'policy'
            set verbs \
                'show'\t'Show the rules of all policies, and where each is set' \
                'check'\t'Show what `policy apply` would do; change nothing' \
                'apply'\t'Grow the volumes that are over their limit'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'policy show'
            set arguments \
                '@vm'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'policy check'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'policy apply'
            set options \
                '--cron'\t'Say only what was done, and what failed otherwise' \
                '--begin'\t'The first time: take it that no volume grew by itself in the last 24 hours' \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'agent'
            set verbs \
                'check'\t'Compare the agent of each node with that of this vmstore' \
                'deploy'\t'Put the agent of this vmstore where another is, or none'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'agent check'
            set arguments \
                '*@node'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'agent deploy'
            set arguments \
                '*@node'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '-o,--output=table|json|plain'\t'For eyes (table), programs (json) or the shell (plain)' \
                '--dry-run'\t'Show the exact commands and where they run; change nothing' \
                '-y,--yes'\t'Do not ask' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
        case 'inventory'
            set verbs \
                'export'\t'Write how the storage is laid out, without its data'
            set options \
                '-h,--help'\t'Show this message and exit'
        case 'inventory export'
            set arguments \
                '@file'
            set options \
                '--config=@file'\t'Read settings from here, not /etc/vmstore/vmstore.toml' \
                '*--offline=@node'\t'NODE is switched off: do not wait for it. Not for one that may still run; repeatable' \
                '-h,--help'\t'Show this message and exit'
    end
end

complete -c vmstore -f -a '(__vmstore_complete)'
