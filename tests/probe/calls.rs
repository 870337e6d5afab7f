//! System calls that nothing in a sandbox may make.

use std::io;

use crate::named;

/// A call by number, with its arguments as the kernel takes them.
struct Call {
    name: &'static str,
    number: libc::c_long,
    arguments: [libc::c_long; 5],
}

const fn call(name: &'static str, number: libc::c_long, arguments: [libc::c_long; 5]) -> Call {
    Call {
        name,
        number,
        arguments,
    }
}

const NO_FD: libc::c_long = -1;
const USER_MODE_ONLY: libc::c_long = 1;
const KEYCTL_GET_KEYRING_ID: libc::c_long = 0;
const SESSION_KEYRING: libc::c_long = -3;
const AF_VSOCK: libc::c_long = 40;
const AF_XDP: libc::c_long = 44;
const TIOCSTI: libc::c_long = 0x5412;
const TIOCLINUX: libc::c_long = 0x541C;
const NEW_USER: libc::c_long = 0x1000_0000;
const SIGCHLD: libc::c_long = 17;

/// Where unfiltered, each of these answers something other than EPERM or ENOSYS,
/// or only the wish of an administrator refuses it.
const CALLS: &[Call] = &[
    call("bpf", libc::SYS_bpf, [0, 0, 0, 0, 0]),
    call(
        "perf_event_open",
        libc::SYS_perf_event_open,
        [0, 0, -1, -1, 0],
    ),
    call(
        "userfaultfd",
        libc::SYS_userfaultfd,
        [USER_MODE_ONLY, 0, 0, 0, 0],
    ),
    call("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0, 0, 0]),
    call(
        "io_uring_enter",
        libc::SYS_io_uring_enter,
        [NO_FD, 0, 0, 0, 0],
    ),
    call(
        "io_uring_register",
        libc::SYS_io_uring_register,
        [NO_FD, 0, 0, 0, 0],
    ),
    call(
        "keyctl",
        libc::SYS_keyctl,
        [KEYCTL_GET_KEYRING_ID, SESSION_KEYRING, 0, 0, 0],
    ),
    call("add_key", libc::SYS_add_key, [0, 0, 0, 0, SESSION_KEYRING]),
    call("request_key", libc::SYS_request_key, [0, 0, 0, 0, 0]),
    call(
        "open_by_handle_at",
        libc::SYS_open_by_handle_at,
        [NO_FD, 0, 0, 0, 0],
    ),
    call("kexec_load", libc::SYS_kexec_load, [0, 0, 0, 0, 0]),
    call("init_module", libc::SYS_init_module, [0, 0, 0, 0, 0]),
    call("finit_module", libc::SYS_finit_module, [NO_FD, 0, 0, 0, 0]),
    call("delete_module", libc::SYS_delete_module, [0, 0, 0, 0, 0]),
    call(
        "vsock",
        libc::SYS_socket,
        [AF_VSOCK, libc::SOCK_STREAM as i64, 0, 0, 0],
    ),
    call(
        "xdp",
        libc::SYS_socket,
        [AF_XDP, libc::SOCK_RAW as i64, 0, 0, 0],
    ),
    call("tiocsti", libc::SYS_ioctl, [NO_FD, TIOCSTI, 0, 0, 0]),
    // The kernel reads 32 bits of the command; so must the filter.
    call(
        "tiocsti_high_bits",
        libc::SYS_ioctl,
        [NO_FD, TIOCSTI | 1 << 32, 0, 0, 0],
    ),
    call("tioclinux", libc::SYS_ioctl, [NO_FD, TIOCLINUX, 0, 0, 0]),
    call(
        "clone_user",
        libc::SYS_clone,
        [NEW_USER | SIGCHLD, 0, 0, 0, 0],
    ),
];

/// Makes every call, and says how each was answered.
pub fn try_all() {
    for call in CALLS {
        println!("{}={}", call.name, named(make(call)));
    }
    clone3_user();
    #[cfg(target_arch = "x86_64")]
    x32();
    // Last: where it is not refused, this process has no rights afterwards.
    println!(
        "unshare_user={}",
        named(make(&call(
            "unshare_user",
            libc::SYS_unshare,
            [NEW_USER, 0, 0, 0, 0]
        )))
    );
}

fn make(call: &Call) -> io::Result<()> {
    let [a, b, c, d, e] = call.arguments;
    // SAFETY: none of these calls is given memory to write to: pointers are null and descriptors invalid.
    let answer = unsafe { libc::syscall(call.number, a, b, c, d, e) };
    if call.name == "clone_user" && answer == 0 {
        std::process::exit(0);
    }
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// `clone3` takes its flags in memory, where a filter cannot look; it must be refused whole, or the kernel must refuse.
fn clone3_user() {
    let mut arguments = [0_u64; 8];
    arguments[0] = NEW_USER as u64;
    arguments[4] = SIGCHLD as u64;
    // SAFETY: the structure is as large as stated and asks for a plain fork with a copy of this memory.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            arguments.as_ptr(),
            size_of_val(&arguments),
        )
    };
    if answer == 0 {
        std::process::exit(0);
    }
    let outcome = if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    };
    println!("clone3_user={}", named(outcome));
}

/// The x32 spelling of `getpid`, by which filters that look at plain numbers are passed.
#[cfg(target_arch = "x86_64")]
fn x32() {
    const X32: libc::c_long = 0x4000_0000;
    // SAFETY: getpid takes no arguments.
    let answer = unsafe { libc::syscall(X32 | libc::SYS_getpid) };
    let outcome = if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    };
    println!("x32={}", named(outcome));
}
