#compdef cargo-peruser
# Completion of cargo-peruser for zsh.
#
# `_cargo-peruser-words` completes our own words; clap generates it. `_cargo-peruser` finds out whether
# the word is ours or cargo's, and calls that function or the one that completes `cargo`.

# @own@

# Completes the words from the given index on as those of `cargo`. If nothing completes `cargo` yet, it
# loads the toolchain's own function. `rustc` is run in `/`: a checkout may name a toolchain, and the
# press of a key must not run that one.
_cargo-peruser-cargo() {
    if (( ! $+_comps[cargo] )); then
        local site=$(cd -q / && rustc --print sysroot 2>/dev/null)/share/zsh/site-functions
        if [[ -r $site/_cargo ]]; then
            fpath+=($site)
            autoload -Uz _cargo && compdef _cargo cargo
        fi
    fi
    words=(cargo "${(@)words[$1,-1]}")
    (( CURRENT -= $1 - 2 ))
    _normal
}

_cargo-peruser() {
    local -a settings=(@settings@) verbs=(@verbs@) before_cargo=(@verbs-before-cargo@)
    # The index of cargo's first word, and whether the completed word may be that one.
    local -i first=2 may_begin=1 ret=1
    while (( first < CURRENT )); do
        if (( $settings[(Ie)$words[first]] )); then
            (( first += 2 ))
        elif (( $settings[(Ie)${words[first]%%=*}] )); then
            (( first += 1 ))
        else
            break
        fi
    done
    if (( first < CURRENT && $before_cargo[(Ie)$words[first]] )); then
        (( first += 1 ))
        while (( first < CURRENT )) && [[ $words[first] == -?* && $words[first] != -- ]]; do
            (( first += 1 ))
        done
        [[ $words[CURRENT] == -* ]] && may_begin=0
    elif (( first < CURRENT && $verbs[(Ie)$words[first]] )); then
        first=$(( CURRENT + 1 ))
    fi
    if (( first < CURRENT )); then
        [[ $words[first] == -- ]] && (( first += 1 ))
        _cargo-peruser-cargo $first
        return
    fi
    # That function narrows `words` down to those of a verb.
    local -a all=("${(@)words}")
    local -i current=$CURRENT
    _cargo-peruser-words "$@" && ret=0
    if (( first == current && may_begin )); then
        words=("${(@)all}") CURRENT=$current
        _cargo-peruser-cargo $first && ret=0
    fi
    return ret
}

if [[ $funcstack[1] == _cargo-peruser ]]; then
    _cargo-peruser "$@"
else
    compdef _cargo-peruser cargo-peruser
fi
