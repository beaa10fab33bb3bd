# Completion of cargo-peruser for elvish.
#
# What stands first completes our own words and is made from their description. A word that is
# cargo's, or can begin what cargo receives, is completed by the completer for `cargo`, if there is
# one: elvish itself has none.

# @own@
use str

var own-words = $edit:completion:arg-completer[cargo-peruser]
var settings = [@settings@]
var verbs = [@verbs@]
var verbs-before-cargo = [@verbs-before-cargo@]

# What stands behind the prefix in those of the words that have it.
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
    # The index of the word that is completed, and that of the first word that is cargo's.
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
            values-of $words[$begin]= @values-of-verbs@
        }
        # Without our settings, which it takes for the end of the verbs.
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
