#!/bin/sh
# The calls of rust-analyzer 0.0.328 (the crate ra_ap_rust-analyzer), as a cargo that writes down
# its arguments recorded them on 28 November 2026 on the checkout of these tests, with cargo 1.95: the
# workspace is loaded, `src/both.rs` saved, and its test run. Left out are those that ask for a version,
# the configuration or a target's description. `$CARGO_HOME/bin/cargo` is called for what it must know,
# `$CARGO` and then PATH for checks and tests; all but tests with the toolchain as an absolute path.
#
# $1 is the manifest, $2 is set if the server wants a target directory of its own, $3 is the toolchain.
set -e
manifest=$1 below=$2
export RUSTUP_TOOLCHAIN="$3" RUSTUP_AUTO_INSTALL=0 RUSTC_BOOTSTRAP=1
known=${CARGO_HOME:-$HOME/.cargo}/bin/cargo
"$known" locate-project --workspace --manifest-path "$manifest" >/dev/null
found=$("$known" metadata --format-version 1 --no-deps --manifest-path "$manifest")
"$known" metadata --format-version 1 --manifest-path "$manifest" \
    -Zlockfile-path -Zunstable-options >/dev/null
target=${found#*'"target_directory":"'}
own=${below:+${target%%'"'*}/$below}
"$known" check --quiet --workspace --message-format=json --manifest-path "$manifest" \
    ${own:+--target-dir "$own"} -Zlockfile-path --keep-going --compile-time-deps --all-targets \
    -Zunstable-options >/dev/null
unset RUSTC_BOOTSTRAP
CARGO_LOG=cargo::core::compiler::fingerprint=info "${CARGO:-cargo}" check --workspace \
    --message-format=json --manifest-path "$manifest" --keep-going --all-targets \
    ${own:+--target-dir "$own"}
unset RUSTUP_TOOLCHAIN
RUSTC_BOOTSTRAP=1 "${CARGO:-cargo}" --color=always test --package demo --lib --no-fail-fast \
    --manifest-path "$manifest" ${own:+--target-dir "$own"} -- both::adds
