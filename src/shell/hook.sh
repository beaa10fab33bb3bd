# shellcheck shell=sh
# The cargo shim comes first on PATH, and CARGO_TARGET_DIR is a directory of one's own.
# `cargo-peruser setup` has put this here, and `cargo-peruser setup --uninstall` takes it away.
if [ -x '@program@' ]; then
    case $- in
        *i*) @eval@ "$(PATH=${PATH-} '@program@' env --shell @shell@)" ;;
        *) @eval@ "$(PATH=${PATH-} '@program@' env --shell @shell@ 2>/dev/null)" ;;
    esac
fi
