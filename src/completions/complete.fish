# Completion of cargo-peruser for fish.
#
# The first part completes our own words; clap generates it. For cargo's words, fish is asked how it
# would complete them after `cargo`.

# @own@

function __fish_cargo_peruser_cargo
    set -l settings @settings@
    set -l verbs @verbs@
    set -l before_cargo @verbs-before-cargo@
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # The index of cargo's first word.
    set -l first 2
    while set -q words[$first]
        if contains -- "$words[$first]" $settings
            set first (math $first + 2)
        else if contains -- (string replace -r '=.*' '' -- "$words[$first]") $settings
            set first (math $first + 1)
        else
            break
        end
    end
    if test $first -gt (math (count $words) + 1)
        # A flag's value. The generated part completes only `--flag=value`.
        set -l values (string replace -f -- "$words[-1]=" '' @values@)
        set -q values[1]; and printf '%s\n' $values; or __fish_complete_path "$current"
        return
    end
    if set -q words[$first]
        if contains -- "$words[$first]" $before_cargo
            set first (math $first + 1)
            while set -q words[$first]; and string match -q -- '-?*' "$words[$first]"; and test "$words[$first]" != --
                set first (math $first + 1)
            end
            set -q words[$first]; or not string match -q -- '-*' "$current"; or return
        else if contains -- "$words[$first]" $verbs
            # The generated part completes only flags.
            string replace -f -- "$words[$first]=" '' @values@
            return
        end
    end
    if test "$words[$first]" = --
        set first (math $first + 1)
    end
    set -l line cargo
    if set -q words[$first]
        set -a line (string escape -- $words[$first..-1])
    end
    complete -C "$line $current"
end

complete -c cargo-peruser -f -a "(__fish_cargo_peruser_cargo)"
