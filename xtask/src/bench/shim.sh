#!/bin/bash
# The script that people write first. @END@ is replaced by the program that it executes.
user=$(id -un)
# shellcheck disable=SC2174 # the mode of the directories above is what people forget
mkdir -p -m 700 "$CARGO_PERUSER_SHARED_ROOT/$user"
export CARGO_TARGET_DIR="$CARGO_PERUSER_SHARED_ROOT/$user/target"
exec "@END@" "$@"
