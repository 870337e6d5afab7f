//! Stepping into a sandbox from the host's root, to try as its engine what its engine must not be able to do.

use std::fs::File;
use std::io;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::named;

/// Joins the namespaces of `pid` as its root, and makes the attempt there.
pub fn enter_and(pid: &str, attempt: impl FnOnce()) {
    if let Err(error) = enter(pid) {
        eprintln!("probe: could not enter {pid}: {error}");
        std::process::exit(3);
    }
    attempt();
}

fn enter(pid: &str) -> io::Result<()> {
    let kinds = [
        ("user", CloneFlags::CLONE_NEWUSER),
        ("mnt", CloneFlags::CLONE_NEWNS),
        ("net", CloneFlags::CLONE_NEWNET),
        ("ipc", CloneFlags::CLONE_NEWIPC),
        ("uts", CloneFlags::CLONE_NEWUTS),
    ];
    // All are opened before the first is joined: afterwards the host's /proc is gone.
    let opened: Vec<_> = kinds
        .into_iter()
        .map(|(name, kind)| File::open(format!("/proc/{pid}/ns/{name}")).map(|file| (file, kind)))
        .collect::<io::Result<_>>()?;
    for (file, kind) in opened {
        setns(file, kind)?;
    }
    setgroups(&[])?;
    let (gid, uid) = (Gid::from_raw(0), Uid::from_raw(0));
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    std::env::set_current_dir("/")
}

/// Tries to make the mount at `path` writable, by the two ways there are.
pub fn remount(path: &str) {
    let nothing: Option<&str> = None;
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    let classic = mount(nothing, path, nothing, flags, nothing);
    println!("remount={}", named(classic.map_err(io::Error::from)));
    println!("mount_setattr={}", named(clear_read_only(path)));
    println!(
        "write={}",
        named(std::fs::write(format!("{path}/probe"), "written"))
    );
}

fn clear_read_only(path: &str) -> io::Result<()> {
    const MOUNT_ATTR_RDONLY: u64 = 1;
    let path = std::ffi::CString::new(path)?;
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    let attributes = [0, MOUNT_ATTR_RDONLY, 0, 0_u64];
    let size = size_of_val(&attributes);
    // SAFETY: path and attributes outlive the call, and the size is that of the attributes.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            0,
            attributes.as_ptr(),
            size,
        )
    };
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
