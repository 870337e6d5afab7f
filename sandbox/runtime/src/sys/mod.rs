//! The system calls that no safe crate wraps. Everything unsafe in Drydock is in this room.

mod fork;
mod handover;
mod kill;
mod mount_attr;
mod seccomp;
mod signals;
mod unread;
mod watch;

pub use fork::{Fork, SingleThreaded, clone_process};
pub use handover::{close_all_from, inherited_fd, keep_across_exec};
pub use kill::pidfd_send_signal;
pub use mount_attr::{MountAttr, mount_setattr};
pub use seccomp::install_filter;
pub use signals::reset_signals;
pub use unread::unread_by_peer;
pub use watch::watch;
