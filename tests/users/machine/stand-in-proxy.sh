#!/bin/sh
# Stands where rustup's proxies stand, as far as editors rely on them: the name that it is called by
# is the tool, and the toolchain is the one of RUSTUP_TOOLCHAIN, a name or an absolute path, or else
# the one named `machine`.
tool=${0##*/}
homes=${RUSTUP_HOME:-$HOME/.rustup}/toolchains
case ${RUSTUP_TOOLCHAIN:=machine} in
/*) toolchain=$RUSTUP_TOOLCHAIN ;;
*) toolchain=$homes/$RUSTUP_TOOLCHAIN ;;
esac
if [ "$tool" = rustup ]; then
    [ "$1" = which ] && printf '%s\n' "$toolchain/bin/$2"
    exit
fi
RUST_RECURSION_COUNT=$((${RUST_RECURSION_COUNT:-0} + 1))
export RUSTUP_TOOLCHAIN RUST_RECURSION_COUNT
exec "$toolchain/bin/$tool" "$@"
