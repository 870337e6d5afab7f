//! `busybox`: one program under some hundred names, and the few files that make a system of it.

use super::{
    ProvisionError,
    files::Files,
    image::{self, Recipe},
    tools::Busybox,
};
use crate::{ImageId, Store};

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:100:4:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
";

const GROUP: &str = "\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
wheel:x:10:root
mail:x:8:
utmp:x:43:
audio:x:29:
video:x:44:
www-data:x:33:
plugdev:x:46:
staff:x:50:
netdev:x:82:
users:x:100:
nobody:x:65534:
";

/// No password opens any of them.
const SHADOW: &str = "\
root:*::0:::::
daemon:*::0:::::
bin:*::0:::::
sys:*::0:::::
sync:*::0:::::
mail:*::0:::::
www-data:*::0:::::
operator:*::0:::::
nobody:*::0:::::
";

/// Makes the image; it has no name yet.
pub(super) fn make(store: &Store, busybox: &Busybox) -> Result<ImageId, ProvisionError> {
    let mut files = Files::new();
    add_programs(&mut files, busybox);
    files
        .dirs(0o755, &["dev", "etc", "etc/network"])
        .dirs(
            0o755,
            &[
                "etc/network/if-down.d",
                "etc/network/if-post-down.d",
                "etc/network/if-pre-up.d",
                "etc/network/if-up.d",
            ],
        )
        .file("etc/group", 0o644, GROUP.as_bytes())
        .file("etc/nsswitch.conf", 0o644, b"hosts: files dns\n")
        .file("etc/passwd", 0o644, PASSWD.as_bytes())
        .file("etc/shadow", 0o600, SHADOW.as_bytes())
        .dirs(0o755, &["home"])
        .dirs(0o700, &["root"])
        .dirs(0o1777, &["tmp"])
        .dirs(0o755, &["usr", "usr/bin"])
        .symlink("usr/bin/env", "../../bin/env")
        .dirs(
            0o755,
            &["usr/sbin", "var", "var/spool", "var/spool/mail", "var/www"],
        );
    let made_by = format!("BusyBox {} (static)", busybox.version);
    let recipe = Recipe {
        cmd: &["sh"],
        made_by: &made_by,
    };
    image::make(store, &files.into_tar(), &recipe)
}

/// `/bin` with busybox under all its names, as hard links: a link to a link would not survive `rm busybox`.
pub(crate) fn add_programs(files: &mut Files, busybox: &Busybox) {
    files.dirs(0o755, &["bin"]);
    files.file("bin/busybox", 0o755, &busybox.program);
    for applet in &busybox.applets {
        files.hard_link(&format!("bin/{applet}"), "bin/busybox");
    }
}
