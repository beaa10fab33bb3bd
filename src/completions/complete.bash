# shellcheck shell=bash
# Completion of cargo-peruser for bash.
#
# `_cargo_peruser_words` completes our own words; clap generates it. `_cargo_peruser` finds out whether
# the word is ours or cargo's, and calls that function or the one that completes `cargo`.

# @own@
complete -r cargo_peruser_words 2>/dev/null

# Sets `first` to the index of cargo's first word, and `whose` to `ours`, `cargos` or, for a word that
# may be ours or cargo's first word, `both`.
_cargo_peruser_whose() {
    local settings=' @settings@ ' verbs=' @verbs@ ' before_cargo=' @verbs-before-cargo@ '
    first=1 whose=ours
    while ((first < COMP_CWORD)) && [[ $settings == *" ${COMP_WORDS[first]} "* ]]; do
        # A flag and its value. Bash splits at `=` and `:`, and makes each of them a word.
        [[ ${COMP_WORDS[first + 1]-} == '=' ]] && ((first += 1))
        ((first += 2))
        while [[ ${COMP_WORDS[first]-} == [=:]* ]]; do ((first += 2)); done
    done
    if ((first > COMP_CWORD)); then
        return
    fi
    local word=${COMP_WORDS[first]}
    if ((first < COMP_CWORD)) && [[ $before_cargo == *" $word "* ]]; then
        ((first += 1))
        while ((first < COMP_CWORD)) && [[ ${COMP_WORDS[first]} == -?* && ${COMP_WORDS[first]} != -- ]]; do
            ((first += 1))
        done
        [[ $first -eq $COMP_CWORD && ${COMP_WORDS[first]} == -* ]] && return
    elif ((first < COMP_CWORD)) && [[ $verbs == *" $word "* ]]; then
        return
    fi
    whose=both
    if ((first < COMP_CWORD)); then
        whose=cargos
        [[ ${COMP_WORDS[first]} == -- ]] && ((first += 1))
    fi
}

# Sets `completer` to the function that completes `cargo` now, and `options` to its options. Fails if
# there is none, or only the fallback that bash-completion sets for programs that it does not know.
_cargo_peruser_completer() {
    local word previous=
    completer='' options=()
    for word in $(complete -p cargo 2>/dev/null); do
        case $previous in
            -F) completer=$word ;;
            -o) options+=(-o "$word") ;;
        esac
        previous=$word
    done
    [[ -n $completer && $completer != _minimal && $completer != _comp_complete_minimal ]]
}

# Loads a completion for `cargo`: one that bash-completion knows, or else the toolchain's own, which
# needs bash-completion. `rustc` is run in `/`: a checkout may name a toolchain, and the press of a key
# must not run that one.
_cargo_peruser_load() {
    local loader sysroot
    for loader in _comp_load __load_completion; do
        if declare -F "$loader" >/dev/null; then
            "$loader" cargo &>/dev/null
            _cargo_peruser_completer && return
        fi
    done
    declare -F _get_comp_words_by_ref >/dev/null || return
    sysroot=$(cd / && rustc --print sysroot 2>/dev/null)
    # shellcheck disable=SC1091
    [[ -r $sysroot/etc/bash_completion.d/cargo ]] && . "$sysroot/etc/bash_completion.d/cargo"
    _cargo_peruser_completer
}

# Completes the words from the given index on as those of `cargo`.
_cargo_peruser_cargo() {
    local completer options index line=$COMP_LINE
    _cargo_peruser_completer || _cargo_peruser_load || return
    # Without an option, `compopt` would print the current ones.
    ((${#options[@]} == 0)) || compopt "${options[@]}" 2>/dev/null
    for ((index = 0; index < $1; index++)); do
        line=${line#*"${COMP_WORDS[index]}"}
    done
    line=${line#"${line%%[![:space:]]*}"}
    ((COMP_POINT += ${#line} + 6 - ${#COMP_LINE}))
    COMP_LINE="cargo $line"
    COMP_WORDS=(cargo "${COMP_WORDS[@]:$1}")
    ((COMP_CWORD -= $1 - 1))
    "$completer" cargo "$2" "${COMP_WORDS[COMP_CWORD - 1]}"
}

_cargo_peruser() {
    local first whose current=$2 previous=$3
    _cargo_peruser_whose
    if [[ $whose == cargos ]]; then
        _cargo_peruser_cargo "$first" "$current"
        return
    fi
    # `--scope=x` is three words.
    if [[ ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _cargo_peruser_words "$1" "$current" "$previous"
    if [[ $whose == both ]]; then
        local ours=("${COMPREPLY[@]}")
        COMPREPLY=()
        _cargo_peruser_cargo "$first" "$current"
        COMPREPLY=("${ours[@]}" "${COMPREPLY[@]}")
    fi
}

complete -F _cargo_peruser -o bashdefault -o default cargo-peruser
