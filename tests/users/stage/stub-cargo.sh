#!/bin/sh
# Stands where the real cargo would: says how it was called, and does for `build` and `clean` to the
# target directory what cargo does to it. Everything else only speaks.
set -e
printf 'stub: cargo %s\n' "$*"
printf 'umask: %s\n' "$(umask)"
[ -z "${CARGO_TARGET_DIR+set}" ] || printf 'CARGO_TARGET_DIR=%s\n' "$CARGO_TARGET_DIR"
[ -z "${CARGO_BUILD_BUILD_DIR+set}" ] || printf 'CARGO_BUILD_BUILD_DIR=%s\n' "$CARGO_BUILD_BUILD_DIR"
PATH=/usr/bin:/bin
case $1 in
build)
    if [ -n "$CARGO_TARGET_DIR" ]; then
        mkdir -p "$CARGO_TARGET_DIR/debug"
        : >"$CARGO_TARGET_DIR/debug/.cargo-lock"
        echo "an artifact" >"$CARGO_TARGET_DIR/debug/app"
    fi
    ;;
clean)
    [ -z "$CARGO_TARGET_DIR" ] || rm -rf "$CARGO_TARGET_DIR"
    ;;
esac
