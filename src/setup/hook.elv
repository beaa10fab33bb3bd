# The cargo shim comes first on PATH, and CARGO_TARGET_DIR is a directory of one's own.
# `cargo-peruser setup` has put this here, and `cargo-peruser setup --uninstall` takes it away.
if ?(test -x '@program@') {
    eval (sh -c "'@program@' env --shell elvish --options i || :" | slurp)
}
