//! `/etc` of a computer: its accounts, how one becomes another, and what its shells read first.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::super::do_as_root;
use super::super::make;
use super::{Host, RESIDENTS, Shell};
use crate::machine::{account, places};

/// Accounts of the system, without anybody's home: name, uid and shell.
const OTHERS: [(&str, u32, &str); 3] = [
    ("sshd", 104, "/usr/sbin/nologin"),
    ("doorman", 2201, "/usr/sbin/nologin"),
    ("nobody", 65534, "/usr/sbin/nologin"),
];

/// Lets root become anyone and anyone in who has a key, and reads `/etc/environment`.
const PAM: &str = "\
auth     sufficient pam_rootok.so
auth     required   pam_deny.so
account  required   pam_permit.so
session  required   pam_env.so
";

/// As Debian has it.
const LOGIN: &str = "\
ENV_SUPATH PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV_PATH   PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games
";

/// One connection on its standard input and output, so that it needs no network.
const SSHD: &str = "\
HostKey /etc/ssh/key
AuthorizedKeysFile /etc/ssh/key.pub
UsePAM yes
LogLevel ERROR
StrictModes no
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
";

const SSH: &str = "\
ProxyCommand /usr/sbin/sshd -i -e -f /etc/ssh/sshd_config
IdentityFile /etc/ssh/key
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
GlobalKnownHostsFile /dev/null
LogLevel ERROR
";

/// Writes all of it.
pub(super) fn write(host: &Host<'_>) {
    let etc = host.at("/etc");
    let start_up = Path::new(places::START_UP).join(".");
    do_as_root("cp", ["-a".as_ref(), start_up.as_os_str(), etc.as_os_str()]);
    for directory in ["profile.d", "pam.d", "security", "ssh"] {
        make::directory(&etc.join(directory), 0, 0, 0o755);
    }
    accounts(host, &etc);
    for service in ["su", "su-l", "sshd", "other"] {
        fs::write(etc.join("pam.d").join(service), PAM).unwrap();
    }
    fs::write(etc.join("security/pam_env.conf"), "").unwrap();
    fs::write(etc.join("environment"), "").unwrap();
    fs::write(etc.join("login.defs"), LOGIN).unwrap();
    let shells: String = Shell::ALL.map(|shell| format!("{}\n", shell.path())).concat();
    fs::write(etc.join("shells"), format!("/bin/sh\n{shells}")).unwrap();
    fs::write(etc.join("ssh/sshd_config"), SSHD).unwrap();
    fs::write(etc.join("ssh/ssh_config"), SSH).unwrap();
}

fn accounts(host: &Host<'_>, etc: &Path) {
    let mut passwd = "root:x:0:0::/root:/bin/sh\n".to_owned();
    let mut group = "root:x:0:\ntty:x:5:\n".to_owned();
    let mut shadow = "root:*:20000::::::\n".to_owned();
    let mut add = |name: &str, uid: u32, home: &str, shell: &str| {
        writeln!(passwd, "{name}:x:{uid}:{uid}::{home}:{shell}").unwrap();
        writeln!(group, "{name}:x:{uid}:").unwrap();
        writeln!(shadow, "{name}:*:20000::::::").expect("a string can be written to");
    };
    for name in RESIDENTS {
        add(name, account(name).uid, &format!("/home/{name}"), host.shell.path());
    }
    for (name, uid, shell) in OTHERS {
        add(name, uid, "/nonexistent", shell);
    }
    fs::write(etc.join("passwd"), passwd).unwrap();
    fs::write(etc.join("group"), group).unwrap();
    make::file(&etc.join("shadow"), shadow, 0, 0o600);
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nshadow: files\n").unwrap();
}

impl Host<'_> {
    /// Opens the door for ssh: one key for everybody, and that the door shows itself with.
    pub(crate) fn opens_ssh(&self) {
        let key = self.at("/etc/ssh/key");
        let words = ["-q", "-t", "ed25519", "-N", "", "-C", "a test", "-f"].map(AsRef::as_ref);
        do_as_root("ssh-keygen", words.into_iter().chain([key.as_os_str()]));
    }
}
