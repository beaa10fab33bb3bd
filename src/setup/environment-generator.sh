#!/bin/sh
# What systemd gives to a person's services and desktop: CARGO_TARGET_DIR is a directory of one's own.
# `cargo-peruser setup` has put this here, and `cargo-peruser setup --uninstall` takes it away.
if [ -x '@program@' ]; then
    exec '@program@' env --format systemd
fi
