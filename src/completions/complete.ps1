# @own@
# Completion of cargo-peruser for PowerShell.
#
# What stands above completes our own words, as those of `cargo-peruser-words`, and is made from
# their description. For a word that is cargo's, PowerShell is asked how it would complete it after
# `cargo`: by a completer that the person has registered, or by file names.
Register-ArgumentCompleter -Native -CommandName 'cargo-peruser' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $settings = -split '@settings@'
    $verbs = -split '@verbs@'
    $verbsBeforeCargo = -split '@verbs-before-cargo@'
    $words = @($commandAst.CommandElements | ForEach-Object { $_.Extent.Text })
    # The index of the word that is completed, and that of the first word that is cargo's.
    $last = if ($wordToComplete) { $words.Count - 1 } else { $words.Count }
    $first = 1
    while ($first -lt $last) {
        if ($words[$first] -cin $settings) { $first += 2 }
        elseif (($words[$first] -split '=')[0] -cin $settings) { $first += 1 }
        else { break }
    }
    $begin = $first
    $isOurs = $first -gt $last
    $mayBegin = $true
    if ($first -lt $last -and $words[$first] -cin $verbsBeforeCargo) {
        $first += 1
        while ($first -lt $last -and $words[$first].StartsWith('-') -and $words[$first] -ne '--') { $first += 1 }
        $mayBegin = -not $wordToComplete.StartsWith('-')
    } elseif ($first -lt $last -and $words[$first] -cin $verbs) {
        $isOurs = $true
    }
    $complete = {
        param($command, $from)
        $line = (@($command) + @($words | Select-Object -Skip $from)) -join ' '
        if (-not $wordToComplete) { $line += ' ' }
        (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches
    }
    if (-not $isOurs -and $first -lt $last) {
        if ($words[$first] -eq '--') { $first += 1 }
        & $complete 'cargo' $first
    } else {
        & $complete 'cargo-peruser-words' $begin
        if (-not $isOurs -and $mayBegin) { & $complete 'cargo' $first }
    }
}
