# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_metactl_global_optspecs
    string join \n json user system h/help V/version
end

function __fish_metactl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_metactl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_metactl_using_subcommand
    set -l cmd (__fish_metactl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c metactl -n "__fish_metactl_needs_command" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_needs_command" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_needs_command" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_needs_command" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_needs_command" -s V -l version -d 'Print version'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "status" -d 'Show the state: files, queue, workers, memory, roots, and what does not work as it should'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "watch" -d 'Watch a directory and all below it from now on, over restarts too'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "unwatch" -d 'Watch a directory no longer, and forget what is in it'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "roots" -d 'List the watched directories'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "show" -d 'Show the metadata of files'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "why" -d 'Explain a file: indexed or not, by which rule, what it cost, what failed, what happens next'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "estimate" -d 'Say how long reading a directory would take, watched or not; no file is read for it'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "failed" -d 'List what could not be read, or not to its end'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "retry" -d 'Try failed files again, and wait for it'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "rescan" -d 'Look at every file of directories now, read what has changed, and wait for it'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "index" -d 'Read files now, changed or not, and wait for it'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "wait" -d 'Wait until everything is indexed'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "pause" -d 'Pause: start reading no further file'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "resume" -d 'Go on after a pause'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "workers" -d 'List the worker processes, the file each has in hand, and why there are that many'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "formats" -d 'List the formats that are read, and how their readers do'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "config" -d 'Show the configuration in force, and where each value comes from'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "reload" -d 'Read the configuration again'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "man" -d 'Print the man page'
complete -c metactl -n "__fish_metactl_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c metactl -n "__fish_metactl_using_subcommand status" -l check -d 'For monitoring: one line, and exit status 1 if anything does not work as it should'
complete -c metactl -n "__fish_metactl_using_subcommand status" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand status" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand status" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand status" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l wait -d 'Stay, with progress, until all below it is indexed'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l poll -d 'Look now and then instead of watching: for network file systems'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l hidden -d 'Names that start with a dot too'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l cross-filesystems -d 'Go on into other file systems mounted below'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l forget-when-unmounted -d 'Drop what is known when the directory is gone, instead of keeping it as offline'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand unwatch" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand unwatch" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand unwatch" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand unwatch" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand roots" -s 0 -l null -d 'Nothing but the paths, as they are, each ended by a NUL byte: for `xargs -0`, or for a verb with `-`'
complete -c metactl -n "__fish_metactl_using_subcommand roots" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand roots" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand roots" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand roots" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand show" -l tag -d 'Only these tags: Make, IFD0:Make, XMP-*:*; may be given more than once' -r
complete -c metactl -n "__fish_metactl_using_subcommand show" -l raw -d 'Values as stored, not as printed: 0.004 instead of 1/250'
complete -c metactl -n "__fish_metactl_using_subcommand show" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand show" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand show" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand why" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand why" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand why" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand why" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand estimate" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand estimate" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand estimate" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand estimate" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand failed" -s 0 -l null -d 'Nothing but the paths, as they are, each ended by a NUL byte: for `xargs -0`, or for a verb with `-`'
complete -c metactl -n "__fish_metactl_using_subcommand failed" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand failed" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand failed" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand failed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand retry" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand retry" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand retry" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand retry" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand rescan" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand rescan" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand rescan" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand rescan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand index" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand index" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand index" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand index" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand wait" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand wait" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand wait" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand pause" -l for -d 'For as long as that: 30s, 10min, 2h, 1d' -r
complete -c metactl -n "__fish_metactl_using_subcommand pause" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand pause" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand pause" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand resume" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand resume" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand resume" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand workers" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand workers" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand workers" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand workers" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand formats" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand formats" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand formats" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand formats" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand config" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand config" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand config" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand reload" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand reload" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand reload" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c metactl -n "__fish_metactl_using_subcommand man" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand man" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand man" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand man" -s h -l help -d 'Print help'
complete -c metactl -n "__fish_metactl_using_subcommand completions" -l json -d 'Print JSON'
complete -c metactl -n "__fish_metactl_using_subcommand completions" -l user -d 'Speak to the user\'s daemon, on the session bus (the default)'
complete -c metactl -n "__fish_metactl_using_subcommand completions" -l system -d 'Speak to the machine\'s daemon, on the system bus'
complete -c metactl -n "__fish_metactl_using_subcommand completions" -s h -l help -d 'Print help'
