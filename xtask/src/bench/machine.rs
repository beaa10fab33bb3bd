//! The machine that figures were taken on: without it they say nothing.

use std::fs;
use std::process::Command;

use crate::process;
use crate::toolchain::Toolchain;

/// One line: processor, cores, kernel, C library and compiler.
pub(super) fn describe(toolchain: &Toolchain) -> anyhow::Result<String> {
    let ask = |program: &str, arguments: &[&str]| {
        process::read(Command::new(program).args(arguments))
            .unwrap_or_else(|_| "unknown".to_owned())
    };
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let rustc = process::read(Command::new(toolchain.bin()?.join("rustc")).arg("--version"))?;
    Ok(format!(
        "{}, {cores} cores, {}, {}, {rustc}",
        model(&cpuinfo).unwrap_or("unknown processor"),
        ask("uname", &["-sr"]),
        ask("getconf", &["GNU_LIBC_VERSION"]),
    ))
}

fn model(cpuinfo: &str) -> Option<&str> {
    cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_processors_name() {
        assert_eq!(model("processor\t: 0\nmodel name\t: AMD EPYC\nflags: a\n"), Some("AMD EPYC"));
        assert_eq!(model(""), None);
    }
}
