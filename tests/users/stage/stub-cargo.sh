#!/bin/sh
# Stands where the real cargo would: says how it was called, and does to the target directory what
# cargo does to it: builds there, runs what is built, takes it away, or believes what it says of the
# compiler. Everything else only speaks.
set -e
printf 'stub: cargo %s\n' "$*"
printf 'umask: %s\n' "$(umask)"
[ -z "${CARGO_TARGET_DIR+set}" ] || printf 'CARGO_TARGET_DIR=%s\n' "$CARGO_TARGET_DIR"
[ -z "${CARGO_BUILD_BUILD_DIR+set}" ] || printf 'CARGO_BUILD_BUILD_DIR=%s\n' "$CARGO_BUILD_BUILD_DIR"
[ -z "${RUSTC_WRAPPER+set}" ] || printf 'RUSTC_WRAPPER=%s\n' "$RUSTC_WRAPPER"
PATH=/usr/bin:/bin
case $1 in
build | run | install)
    if [ -n "$CARGO_TARGET_DIR" ]; then
        mkdir -p "$CARGO_TARGET_DIR/debug"
        : >"$CARGO_TARGET_DIR/debug/.cargo-lock"
        echo "an artifact" >"$CARGO_TARGET_DIR/debug/app"
        [ "$1" = build ] || cat "$CARGO_TARGET_DIR/debug/app"
    fi
    ;;
metadata)
    [ ! -e "$CARGO_TARGET_DIR/.rustc_info.json" ] || cat "$CARGO_TARGET_DIR/.rustc_info.json"
    ;;
clean)
    [ -z "$CARGO_TARGET_DIR" ] || rm -rf "$CARGO_TARGET_DIR"
    ;;
esac
