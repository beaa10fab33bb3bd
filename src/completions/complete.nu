# Completion of cargo-peruser for nushell.
#
# It stands before the completer for external commands that there is already, because declaring the
# program as an `extern` would change the words that cargo receives: nushell would answer `--help`
# itself and spell `-V` as `--version`. Of cargo's words it knows the commands, which cargo lists; for
# the others it asks that other completer about `cargo`. Cargo is asked from `/`, because a checkout may
# name a toolchain, and that one must not be run by the press of a key.

# What completes the words of `cargo-peruser`; `others` completes those of other programs.
def "nu-complete cargo-peruser" [words: list<string>, others: closure] {
  let ours = @record@
  let settings = [@settings@]
  let last = ($words | length) - 1
  let current = $words | get $last
  # The index of the first word that is cargo's.
  mut first = 1
  while $first < $last {
    let word = $words | get $first
    if $word in $settings {
      $first += 2
    } else if ($word | split row '=' | first) in $settings {
      $first += 1
    } else {
      break
    }
  }
  if $first > $last {
    # A flag's value.
    let flag = ($words | get ($last - 1)) + '='
    let values = [@values@] | where $it starts-with $flag | str replace $flag ''
    return (if ($values | is-not-empty) { $values | where $it starts-with $current })
  }
  let verb = if $first < $last { $words | get $first } else { '' }
  mut is_ours = $verb in [@verbs@]
  mut may_begin = true
  if $verb in [@verbs-before-cargo@] {
    $first += 1
    while $first < $last and ($words | get $first) starts-with '-' and ($words | get $first) != '--' {
      $first += 1
    }
    $may_begin = not ($current starts-with '-')
    $is_ours = $first == $last
  } else if $first == $last {
    $is_ours = true
  } else {
    $may_begin = false
  }
  let cargos = if not $is_ours or $may_begin {
    if ($words | get $first) == '--' and $first < $last { $first += 1 }
    let asked = [cargo] ++ ($words | skip $first)
    if $first == $last and not ($current starts-with '-') {
      try { cd /; ^cargo --list | lines | skip 1 | parse --regex '^ +(?<value>\S+) *(?<description>.*)$' } catch { [] }
    } else {
      do $others $asked
    }
  }
  if not $is_ours { return $cargos }
  $ours | get $verb | append $cargos | where value starts-with $current
}

$env.config.completions.external.completer = do {
  let before = $env.config.completions.external.completer
  let others = {|words| if $before != null { do $before $words } }
  {|words|
    if ($words | first) == 'cargo-peruser' {
      nu-complete cargo-peruser $words $others
    } else {
      do $others $words
    }
  }
}
