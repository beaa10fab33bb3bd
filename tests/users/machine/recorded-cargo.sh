#!/bin/sh
# Stands where a toolchain has its cargo: writes down how it was called, and becomes the real one.
# Executing keeps the process, so the marker of the shim names this very process if the shim was
# asked, and not merely some outer cargo; rustup's proxies count their rounds in a variable.
if [ -n "$CARGO_CALLS" ]; then
    case $PERUSER_EXEC_TRAIL in
    $$:*) door=shim ;;
    *) door=${RUST_RECURSION_COUNT:+proxy} ;;
    esac
    printf '%s\t%s\t%s\t%s\n' "${door:-direct}" "${CARGO_TARGET_DIR-none}" \
        "${RUSTUP_TOOLCHAIN-none}" "$*" >>"$CARGO_CALLS"
fi
exec "REAL/bin/cargo" "$@"
