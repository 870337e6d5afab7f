//! The filter on everything inside a sandbox: what it refuses, nothing inside gets back.

use std::{collections::BTreeMap, io};

use libc::{
    CLONE_NEWUSER, EPERM, SYS_add_key, SYS_bpf, SYS_clone, SYS_clone3, SYS_delete_module,
    SYS_finit_module, SYS_init_module, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_io_uring_setup, SYS_ioctl, SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl,
    SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_perf_event_open, SYS_reboot, SYS_request_key,
    SYS_setns, SYS_socket, SYS_swapoff, SYS_swapon, SYS_syslog, SYS_unshare, SYS_userfaultfd,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, sock_filter,
};

use super::{arch, compile};

/// Each of these is kernel surface that no lesson needs, or a way around a limit.
const REFUSED: [i64; 20] = [
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    // Keyrings are not in any namespace.
    SYS_add_key,
    SYS_keyctl,
    SYS_request_key,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    // Handles of tmpfs can be guessed, and reach files outside any root.
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_syslog,
];

const AF_VSOCK: u64 = 40;
const AF_XDP: u64 = 44;
/// Types characters into a terminal as if its user had.
const TIOCSTI: u64 = 0x5412;
/// The same by another way: the console's selection.
const TIOCLINUX: u64 = 0x541c;

/// Installed before the engine is executed.
///
/// # Errors
/// The filter could not be compiled on this architecture.
pub fn sandbox_filter() -> io::Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        REFUSED.iter().map(|nr| (*nr, vec![])).collect();
    let eq = |arg, value| rule(arg, SeccompCmpOp::Eq, value);
    let has_newuser = |arg| {
        let flag = CLONE_NEWUSER as u64;
        rule(arg, SeccompCmpOp::MaskedEq(flag), flag)
    };
    rules.insert(SYS_socket, vec![eq(0, AF_VSOCK)?, eq(0, AF_XDP)?]);
    // Only the low 32 bits: the kernel ignores the rest, and so must the comparison.
    rules.insert(SYS_ioctl, vec![eq(1, TIOCSTI)?, eq(1, TIOCLINUX)?]);
    rules.insert(SYS_unshare, vec![has_newuser(0)?]);
    rules.insert(SYS_clone, vec![has_newuser(0)?]);
    rules.insert(SYS_setns, vec![has_newuser(1)?]);
    let refuse = SeccompAction::Errno(EPERM as u32);
    let main = compile(
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch()?)
            .map_err(io::Error::other)?,
    )?;
    Ok([prologue(), main].concat())
}

fn rule(arg: u8, op: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(arg, Dword, op, value).map_err(io::Error::other)?;
    SeccompRule::new(vec![condition]).map_err(io::Error::other)
}

/// Before the rules, by number alone: clone3 takes its flags by pointer, where a filter cannot look, so
/// it "does not exist" and libraries fall back to clone; the x32 numbers of x86-64 are another table.
fn prologue() -> BpfProgram {
    const LOAD_NR: sock_filter = sock_filter {
        code: 0x20,
        jt: 0,
        jf: 0,
        k: 0,
    };
    const ENOSYS: sock_filter = sock_filter {
        code: 0x06,
        jt: 0,
        jf: 0,
        k: 0x0005_0000 | libc::ENOSYS as u32,
    };
    let if_equal = |k| sock_filter {
        code: 0x15,
        jt: 0,
        jf: 1,
        k,
    };
    let if_at_least = |k| sock_filter {
        code: 0x35,
        jt: 0,
        jf: 1,
        k,
    };
    let mut program = vec![LOAD_NR, if_equal(SYS_clone3 as u32), ENOSYS];
    if cfg!(target_arch = "x86_64") {
        program.extend([if_at_least(0x4000_0000), ENOSYS]);
    }
    program
}
