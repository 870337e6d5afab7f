//! The engine's side of a start.

use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use serde::{Deserialize, Serialize};

use super::{
    LaunchError,
    fds::Fds,
    message::{Report, Request, Role, Work},
};
use crate::{
    cgroup::{ContainerGroup, Delegation},
    container::{ContainerSpec, ExecSpec, FilesSpec, Mount, ProcessSpec, Rootfs},
    entry,
    process::{self, Running},
    wire,
};

/// A start that takes longer is given up: it takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(30);

/// Starts processes inside the sandbox. Every call blocks for the few milliseconds it takes.
#[derive(Debug, Clone)]
pub struct Launcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The workstation's first process: its namespaces are where containers nest and `-v` sources lie.
    workstation: OwnedFd,
    groups: Arc<Delegation>,
    /// The user namespace of containers with capabilities beyond the ceiling, where they can be had.
    powers: Option<OwnedFd>,
}

/// The three standard streams; `None` is `/dev/null`. A terminal replaces them.
#[derive(Debug, Default)]
pub struct Stdio {
    /// Standard input.
    pub stdin: Option<OwnedFd>,
    /// Standard output.
    pub stdout: Option<OwnedFd>,
    /// Standard error.
    pub stderr: Option<OwnedFd>,
}

/// The first container of a sandbox: the machine that the learner's shells live on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkstationSpec {
    /// Its host name.
    pub hostname: String,
    /// Its layers.
    pub rootfs: Rootfs,
    /// Docker's socket, the volumes, the `docker` command.
    pub mounts: Vec<Mount>,
    /// Its first process.
    pub process: ProcessSpec,
}

/// What a path of the workstation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathKind {
    /// Nothing there.
    Missing,
    /// A directory.
    Dir,
    /// Anything else.
    File,
}

impl Launcher {
    /// Starts the workstation, and answers with a launcher for containers beside it. Whatever is in no container's
    /// group joins the workstation's. `powers` is the user namespace for
    /// [`Reach::Container`](crate::container::Reach), if the sandbox has it.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn start_workstation(
        spec: &WorkstationSpec,
        groups: Arc<Delegation>,
        powers: Option<OwnedFd>,
    ) -> Result<(Self, Running), LaunchError> {
        let helper = Helper::spawn()?;
        let mut fds = Fds::default();
        fds.groups(&groups, None);
        helper.ask(Work::Workstation(spec.clone()), &fds)?;
        let running = helper.expect_running()?;
        let workstation = running
            .pidfd
            .try_clone()
            .map_err(|e| LaunchError::init("keeping the workstation", &e))?;
        Ok((
            Self(Arc::new(Inner {
                workstation,
                groups,
                powers,
            })),
            running,
        ))
    }

    /// The groups of this sandbox.
    #[must_use]
    pub fn groups(&self) -> &Arc<Delegation> {
        &self.0.groups
    }

    /// Begins a start: while the helper comes up, the caller makes what the container needs.
    ///
    /// # Errors
    /// The helper could not be started.
    pub fn prepare(&self) -> Result<Prepared<'_>, LaunchError> {
        Ok(Prepared {
            launcher: self,
            helper: Helper::spawn()?,
        })
    }

    /// Adds a process to the container whose first process is `target`, and to its group if it has one.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn exec(
        &self,
        target: BorrowedFd<'_>,
        exec: &ExecSpec,
        stdio: Stdio,
        group: Option<&ContainerGroup>,
    ) -> Result<Running, LaunchError> {
        let mut fds = Fds::default();
        fds.push(Role::Target, target);
        fds.powers(self.0.powers.as_ref(), &exec.process);
        fds.groups(&self.0.groups, group);
        fds.stdio(&stdio);
        let helper = Helper::spawn()?;
        helper.ask(Work::Exec(exec.clone()), &fds)?;
        helper.expect_running()
    }

    /// Whether processes can be started whose capabilities reach beyond the ceiling, over their container only.
    #[must_use]
    pub fn has_powers(&self) -> bool {
        self.0.powers.is_some()
    }

    /// What is at `path` on the workstation.
    ///
    /// # Errors
    /// The helper could not look.
    pub fn workstation_path(&self, path: &Path) -> Result<PathKind, LaunchError> {
        match self.ask_workstation(Work::Look(path.into()))? {
            Report::Found(kind) => Ok(kind),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a directory and its parents on the workstation, as Docker does for a missing `-v` source.
    ///
    /// # Errors
    /// The directory could not be made.
    pub fn workstation_mkdir(&self, path: &Path) -> Result<PathBuf, LaunchError> {
        match self.ask_workstation(Work::MakeDir(path.into()))? {
            Report::Made => Ok(path.into()),
            other => Err(unexpected(&other)),
        }
    }

    /// The root of a container's files, with `spec`'s mounts over its layers and nothing else: no `/proc`, no
    /// memory file systems. The mounts are attached nowhere and go with the descriptor. A container that runs is named
    /// by its first process, since its layers must not be mounted twice. Work on it with [`crate::paths`].
    ///
    /// # Errors
    /// The container has ended meanwhile, or a mount failed.
    pub fn files(
        &self,
        running: Option<BorrowedFd<'_>>,
        spec: &FilesSpec,
    ) -> Result<OwnedFd, LaunchError> {
        let helper = Helper::spawn()?;
        let mut fds = Fds::default();
        fds.push(Role::Workstation, self.0.workstation.as_fd());
        if let Some(running) = running {
            fds.push(Role::Target, running);
        }
        helper.ask(Work::Files(spec.clone()), &fds)?;
        match helper.expect_answer()? {
            (Report::Files, fds) => fds
                .into_iter()
                .next()
                .ok_or_else(|| LaunchError::Helper("it gave no files".into())),
            (other, _) => Err(unexpected(&other)),
        }
    }

    fn ask_workstation(&self, work: Work) -> Result<Report, LaunchError> {
        let helper = Helper::spawn()?;
        let mut fds = Fds::default();
        fds.push(Role::Workstation, self.0.workstation.as_fd());
        helper.ask(work, &fds)?;
        helper.expect_answer().map(|(report, _)| report)
    }
}

/// The first processes of the containers whose namespaces a new container is in; see
/// [`Namespace::Container`](crate::container::Namespace).
#[derive(Debug, Default, Clone, Copy)]
pub struct Donors<'a> {
    /// Of process numbers.
    pub pid: Option<BorrowedFd<'a>>,
    /// Of IPC objects.
    pub ipc: Option<BorrowedFd<'a>>,
}

/// A helper that is coming up.
pub struct Prepared<'a> {
    launcher: &'a Launcher,
    helper: Helper,
}

impl Prepared<'_> {
    /// Starts a container's first process, in its group if it has one; returns once it has been executed.
    ///
    /// # Errors
    /// Any step of the start; nothing is left running.
    pub fn run(
        self,
        spec: &ContainerSpec,
        donors: Donors<'_>,
        stdio: Stdio,
        group: Option<&ContainerGroup>,
    ) -> Result<Running, LaunchError> {
        let mut fds = Fds::default();
        fds.push(Role::Workstation, self.launcher.0.workstation.as_fd());
        fds.donors(donors);
        fds.powers(self.launcher.0.powers.as_ref(), &spec.process);
        fds.groups(&self.launcher.0.groups, group);
        fds.stdio(&stdio);
        self.helper.ask(Work::Run(spec.clone()), &fds)?;
        self.helper.expect_running()
    }
}

/// One helper process, from its start to its end.
struct Helper {
    child: Child,
    socket: UnixStream,
}

impl Helper {
    fn spawn() -> Result<Self, LaunchError> {
        let (socket, theirs) =
            UnixStream::pair().map_err(|e| LaunchError::init("making a socket", &e))?;
        let deadline = socket
            .set_read_timeout(Some(DEADLINE))
            .and(socket.set_write_timeout(Some(DEADLINE)));
        deadline.map_err(|e| LaunchError::init("setting a deadline", &e))?;
        let child = Command::new("/proc/self/exe")
            .arg0(entry::LAUNCH)
            .env_clear()
            .stdin(OwnedFd::from(theirs))
            // Never the engine's: its log is a file of the host's.
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .map_err(|e| too_many_or("starting a helper", &e))?;
        Ok(Self { child, socket })
    }

    fn ask(&self, work: Work, fds: &Fds<'_>) -> Result<(), LaunchError> {
        let (roles, fds) = fds.unzip();
        wire::send(&self.socket, &Request { work, fds: roles }, &fds)
            .map_err(|e| LaunchError::init("talking to the helper", &e))
    }

    /// Reads reports until both the helper and the new process have let go of the socket: the one by
    /// exiting, the other by executing its program (the socket is close-on-exec).
    fn expect_running(mut self) -> Result<Running, LaunchError> {
        let (mut pidfd, mut pty, mut between, mut failed) = (None, None, None, None);
        loop {
            match wire::receive::<Report>(&self.socket) {
                Ok(Some((Report::Started, fds))) => pidfd = fds.into_iter().next(),
                Ok(Some((Report::Pty, fds))) => pty = fds.into_iter().next(),
                Ok(Some((Report::Between(pid), _))) => between = Pid::from_raw(pid),
                Ok(Some((Report::Failed(error), _))) => failed = failed.or(Some(error)),
                Ok(Some((other, _))) => failed = Some(unexpected(&other)),
                Ok(None) => break,
                Err(error) => {
                    failed = Some(LaunchError::Helper(error.to_string()));
                    let _ = self.child.kill();
                    break;
                }
            }
        }
        let _ = self.child.wait();
        if let Some(pid) = between {
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
        }
        match (failed, pidfd) {
            (Some(error), Some(pidfd)) => {
                let _ = process::signal(pidfd.as_fd(), libc::SIGKILL);
                let _ = process::wait(pidfd.as_fd());
                Err(error)
            }
            (Some(error), None) => Err(error),
            (None, None) => Err(LaunchError::Helper("it named no process".into())),
            (None, Some(pidfd)) => {
                let pid =
                    number_of(pidfd.as_fd()).map_err(|e| LaunchError::init("reading a pid", &e))?;
                Ok(Running { pid, pidfd, pty })
            }
        }
    }

    fn expect_answer(mut self) -> Result<(Report, Vec<OwnedFd>), LaunchError> {
        let answer = match wire::receive::<Report>(&self.socket) {
            Ok(Some((Report::Failed(error), _))) => Err(error),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(LaunchError::Helper("it said nothing".into())),
            Err(error) => Err(LaunchError::Helper(error.to_string())),
        };
        if answer.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        answer
    }
}

impl Drop for Helper {
    /// One that was not asked for anything, or not listened to, ends here.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process's number in this process's pid namespace, from its pidfd; see pidfd_open(2).
/// A process that has ended and is not reaped yet still has one.
fn number_of(pidfd: BorrowedFd<'_>) -> io::Result<i32> {
    use std::os::fd::AsRawFd;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    info.lines()
        .find_map(|line| line.strip_prefix("Pid:"))
        .and_then(|pid| pid.trim().parse().ok())
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn too_many_or(stage: &str, error: &io::Error) -> LaunchError {
    if error.kind() == io::ErrorKind::WouldBlock {
        LaunchError::TooManyProcesses
    } else {
        LaunchError::init(stage, error)
    }
}

fn unexpected(report: &Report) -> LaunchError {
    LaunchError::Helper(format!("it said {report:?}"))
}
