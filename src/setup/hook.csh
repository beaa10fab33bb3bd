# The cargo shim comes first on PATH, and CARGO_TARGET_DIR is a directory of one's own.
# `cargo-peruser setup` has put this here, and `cargo-peruser setup --uninstall` takes it away.
if ( -x '@program@' ) then
    if ( $?prompt ) then
        eval "`'@program@' env --shell csh --options i`"
    else
        eval "`'@program@' env --shell csh --options n`"
    endif
endif
