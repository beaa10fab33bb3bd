# shellcheck shell=sh
# The cargo shim comes first on PATH, and CARGO_TARGET_DIR is a directory of one's own.
# `cargo-peruser setup` has put this here, and `cargo-peruser setup --uninstall` takes it away.
if [ -x '@program@' ]; then
    if [ -n "${ZSH_VERSION-}" ]; then
        eval "$(PATH=${PATH-} '@program@' env --shell zsh --options "@options@")" || :
    else
        # In these, `command` keeps a variable that is read-only from ending the session.
        command eval "$(PATH=${PATH-} '@program@' env --shell sh --options "@options@")" || :
    fi
fi
