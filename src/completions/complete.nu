# Completion of cargo-peruser for nushell.
#
# It wraps the existing completer for external commands. An `extern` declaration would change the
# arguments that cargo receives: nushell would answer `--help` itself, and spell `-V` as `--version`.
# Cargo's commands come from `cargo --list`; for its other words the existing completer is asked about
# `cargo`. Cargo is run in `/`: a checkout may name a toolchain, and the press of a key must not run
# that one.

# Completes the words of `cargo-peruser`; `others` completes those of other programs.
def "nu-complete cargo-peruser" [words: list<string>, others: closure] {
  let ours = @record@
  let settings = [@settings@]
  let last = ($words | length) - 1
  let current = $words | get $last
  # The index of cargo's first word.
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
