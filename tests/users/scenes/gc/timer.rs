//! `setup --timer`: units that systemd accepts and that run what they say, gone with `--uninstall`.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::stage::{Host, Shell, Stage, look, make};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    vec![test("gc::timer::setup_puts_it_in_its_place_and_takes_it_away", timer)]
}

fn timer(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "machine", Shell::Bash)?;
    let root = host.person("root")?;
    make::directory(&host.at("/etc/systemd"), 0, 0, 0o755)?;
    make::directory(&host.at("/etc/systemd/system"), 0, 0, 0o755)?;
    let units = host.at("/etc/systemd/system");
    let enabled = units.join("timers.target.wants/cargo-peruser-gc.timer");
    host.by_name(&root, ["setup"]).run()?.ok()?;
    ensure!(look(&enabled)?.is_none(), "a timer that nobody has asked for");
    host.by_name(&root, ["setup", "--timer", "weekly"]).run()?.ok()?.helps("systemctl start")?;
    ensure!(fs::read_to_string(&enabled)?.contains("OnCalendar=weekly"));
    let service = fs::read_to_string(units.join("cargo-peruser-gc.service"))?;
    for line in ["ProtectHome=read-only", "NoNewPrivileges=yes", "CapabilityBoundingSet=CAP_SETUID"]
    {
        ensure!(service.contains(line), "{line} is missing");
    }
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let command = command.context("no command")?;
    host.run(&root, "/bin/sh", ["-c", command]).run()?.ok()?.prints("nothing to remove")?;
    host.run(&root, "/usr/local/bin/cargo-peruser", ["setup", "--uninstall"]).run()?.ok()?;
    let names = fs::read_dir(&units)?.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains("peruser")).collect();
    ensure!(left.is_empty() && look(&enabled)?.is_none(), "left: {left:?}");
    Ok(())
}
