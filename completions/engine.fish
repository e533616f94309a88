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
