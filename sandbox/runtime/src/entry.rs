//! One program, several processes: which one this is, is said by the name it was executed under.

/// A helper that starts one process inside a sandbox.
pub const LAUNCH: &str = "drydock-launch";
/// The builder of one sandbox, on the host.
pub const SANDBOX: &str = "drydock-sandbox";
/// The process that keeps a sandbox's way out.
pub const EGRESS: &str = "drydock-egress";
/// A process in the server's own user namespace, when the server is an ordinary user.
pub const MAPPED: &str = "drydock-mapped";
/// A sandbox's engine.
pub const ENGINE: &str = "drydock-engine";
/// The workstation's first process: reaps what the learner leaves behind.
pub const WORKSTATION: &str = "workstation-init";
/// `docker run --init`.
pub const DOCKER_INIT: &str = "docker-init";

/// Runs the process that `name` (of argv\[0\]) stands for, if it is one of this room's.
#[must_use]
pub fn run(name: &str, args: &[String]) -> Option<i32> {
    match name {
        LAUNCH => Some(crate::launch::helper_main()),
        SANDBOX => Some(crate::sandbox::builder_main()),
        EGRESS => Some(crate::egress::main()),
        WORKSTATION => Some(crate::init::workstation()),
        DOCKER_INIT => Some(crate::init::docker_init(args)),
        _ => None,
    }
}
