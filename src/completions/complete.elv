# Completion of cargo-peruser for elvish.
#
# The first part completes our own words; clap generates it. Cargo's words are completed by the
# completer for `cargo`, if there is one: elvish itself has none.

# @own@
use str

var own-words = $edit:completion:arg-completer[cargo-peruser]
var settings = [@settings@]
var verbs = [@verbs@]
var verbs-before-cargo = [@verbs-before-cargo@]

# The rest of each word that begins with the prefix.
fn values-of {|prefix @all|
    for word $all {
        if (str:has-prefix $word $prefix) {
            put $word[(count $prefix)..]
        }
    }
}

fn as-cargo {|@words|
    if (has-key $edit:completion:arg-completer cargo) {
        $edit:completion:arg-completer[cargo] cargo $@words
    } elif (> (count $words) 1) {
        edit:complete-filename cargo $@words
    }
}

set edit:completion:arg-completer[cargo-peruser] = {|@words|
    # The index of the word that is completed, and that of cargo's first word.
    var last = (- (count $words) 1)
    var first = 1
    while (< $first $last) {
        if (has-value $settings $words[$first]) {
            set first = (+ $first 2)
        } elif (has-value $settings [(str:split = $words[$first])][0]) {
            set first = (+ $first 1)
        } else {
            break
        }
    }
    var begin = $first
    var is-ours = $false
    var may-begin = $true
    if (and (< $first $last) (has-value $verbs-before-cargo $words[$first])) {
        set first = (+ $first 1)
        while (and (< $first $last) (str:has-prefix $words[$first] -) (not-eq $words[$first] --)) {
            set first = (+ $first 1)
        }
        set may-begin = (not (str:has-prefix $words[$last] -))
    } elif (and (< $first $last) (has-value $verbs $words[$first])) {
        set is-ours = $true
    }
    if (> $first $last) {
        var values = [(values-of $words[(- $last 1)]= @values@)]
        if (> (count $values) 0) {
            all $values
        } else {
            edit:complete-filename $@words
        }
    } elif (and (< $first $last) (not $is-ours)) {
        if (eq $words[$first] --) {
            set first = (+ $first 1)
        }
        as-cargo (all $words[$first..])
    } else {
        if $is-ours {
            values-of $words[$begin]= @values@
        }
        # Without our settings: it would look for no verb after them.
        if (and (not $is-ours) (== $begin $first)) {
            $own-words cargo-peruser ''
        } else {
            $own-words cargo-peruser $words[$begin] ''
        }
        if (and (not $is-ours) $may-begin) {
            as-cargo (all $words[$first..])
        }
    }
}
