#!/bin/sh
# One edit and one build, as a person with this umask makes them.
# $1: umask; $2: the person; $3: the number of the round.
set -eu
umask "$1"
# Written beside and renamed, as editors do: nobody ever compiles half a file.
printf '//! Round %s.\npub const ROUND: u32 = %s;\n' "$3" "$3" >"base/src/.$2.new"
mv "base/src/.$2.new" "base/src/$2.rs"
exec cargo build
