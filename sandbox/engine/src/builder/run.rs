//! RUN: a container whose changes become the layer.

use std::{fs::File, os::fd::AsFd as _};

use drydock_api::build::Ulimit;
use drydock_dockerfile::{Invocation, Run, RunNetwork, RunSecurity};
use drydock_runtime::{
    capability::Capabilities,
    container::{
        ContainerSpec, Mount, MountSource, Namespace, Network, ProcessSpec, Reach, Rlimit, Rootfs,
        Seccomp,
    },
    launch::Donors,
    overlay,
};
use drydock_spec::ContainerId;

use super::{
    error::Failure, inputs::Inputs, mounts::Prepared, report::Shown, room::Desk, settings::PROXIES,
    solve::Solver, stage::State, step::Doing,
};
use crate::{
    build::{
        BuildError, Meter, etc, pump,
        tree::stubs::{MountPoint, Stubs},
    },
    http::stream::Gone,
};

/// The name of the machine that commands of builds run on.
const HOSTNAME: &str = "buildkitsandbox";
/// Bytes of one step's output that are passed on.
const MAX_LOG: usize = 2 << 20;

impl Solver<'_> {
    /// One such step.
    pub(super) fn run(
        &self,
        doing: &Doing<'_>,
        state: &mut State,
        run: &Run,
    ) -> Result<(), Failure> {
        let shown = self.begin(doing, state)?;
        check(run)?;
        let script = run.invocation(&state.shell());
        let history = history(&script.argv, state);
        let mounts = self.mounts(doing, state, run)?;
        let mut inputs = Inputs {
            text: format!("RUN {}", script.argv.join(" ")),
            parent: state.chain().bytes().to_vec(),
            ..Inputs::default()
        };
        inputs.set_variables(&state.env, |name| !PROXIES.contains(&name));
        inputs.settings.insert("user", state.run.user.clone());
        inputs
            .settings
            .insert("working directory", state.run.working_dir.clone());
        inputs.settings.insert(
            "network",
            format!("{:?} {}", run.network, self.host_network()),
        );
        if !self.request.add_hosts.is_empty() {
            inputs
                .settings
                .insert("extra hosts", self.request.add_hosts.join(" "));
        }
        if let Some(file) = &script.script {
            inputs
                .settings
                .insert("here-document", file.content.clone());
        }
        mounts.describe(&mut inputs);
        let seen = state.clone();
        self.layer(doing, state, inputs, |rootfs, desk| {
            self.execute(&shown, &seen, run, &script, &mounts, rootfs, desk)
        })?;
        state.history(history, false);
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "what a command is made of")]
    fn execute(
        &self,
        shown: &Shown,
        state: &State,
        run: &Run,
        script: &Invocation,
        mounts: &Prepared,
        rootfs: &Rootfs,
        desk: &Desk,
    ) -> Result<(), Failure> {
        let mounts = mounts.place(self, script, desk)?;
        let points: Vec<MountPoint> = mounts.points();
        let stubs = {
            let image = overlay::mount_detached(rootfs).map_err(Failure::os("mount the image"))?;
            Stubs::make(image.as_fd(), &points).map_err(Failure::os("make the mount points"))?
        };
        let spec = self.spec(state, run, script, rootfs, desk, &mounts)?;
        let ended = self.launch(shown, script, &spec);
        drop(mounts);
        let upper = File::open(&desk.upper).map_err(Failure::os("open a step's layer"))?;
        stubs
            .clean(upper.as_fd())
            .map_err(Failure::os("remove the mount points"))?;
        ended
    }

    fn launch(
        &self,
        shown: &Shown,
        script: &Invocation,
        spec: &ContainerSpec,
    ) -> Result<(), Failure> {
        let (end, stdio) = pump::pipes().map_err(Failure::os("make a pipe"))?;
        let running = self
            .engine
            .launcher
            .prepare()
            .and_then(|helper| helper.run(spec, Donors::default(), stdio, None));
        let running = running.map_err(|reason| Failure::Start {
            command: script.argv.join(" "),
            reason,
        })?;
        let mut log = Logged {
            shown,
            left: MAX_LOG,
        };
        let status = end
            .pump(&running, self.cancel, &mut log)
            .map_err(|error| match error {
                BuildError::Os { action, source } => Failure::Os { action, source },
                _ => Failure::Cancelled,
            })?;
        let code = status.code();
        if code == 0 {
            return Ok(());
        }
        if let Some(meter) = Meter::full(&self.engine.config.data) {
            // The likely reason; programs word it as they like.
            shown.log(2, format!("{}\n", Failure::Full(meter)).as_bytes())?;
        }
        Err(Failure::Command {
            command: script.argv.join(" "),
            code,
        })
    }

    fn host_network(&self) -> &str {
        self.request.network.as_deref().unwrap_or("default")
    }

    fn network(&self, run: &Run) -> Network {
        let asked = match run.network {
            RunNetwork::Default => self.host_network(),
            RunNetwork::None => "none",
            RunNetwork::Host => "host",
        };
        match asked {
            "host" => Network::Host,
            "none" => Network::None,
            _ => self.engine.config.run_network(),
        }
    }

    fn spec(
        &self,
        state: &State,
        run: &Run,
        script: &Invocation,
        rootfs: &Rootfs,
        desk: &Desk,
        mounts: &super::mounts::Placed,
    ) -> Result<ContainerSpec, Failure> {
        let mut hosts = String::new();
        for host in &self.request.add_hosts {
            let line = crate::build::hosts_line(host);
            hosts += &line.ok_or_else(|| Failure::Wrong(format!("invalid host {host}")))?;
        }
        let etc = etc::write(
            &desk.path.join("etc"),
            HOSTNAME,
            &hosts,
            &self.engine.config.name_servers(),
        )
        .map_err(Failure::os("write the command's /etc"))?;
        let etc = etc.map(|(source, target)| Mount {
            source: MountSource::Engine(source),
            target: target.into(),
            readonly: false,
        });
        let mut rootfs = rootfs.clone();
        rootfs.lowers.insert(0, self.room.points());
        let given = self.request.args.iter();
        let proxies = given.filter(|(name, _)| PROXIES.contains(&name.as_str()));
        let proxies =
            proxies.filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        let env = state
            .env
            .iter()
            .cloned()
            .chain(proxies)
            .chain(mounts.env.iter().cloned());
        let cwd = match state.run.working_dir.as_str() {
            "" => "/",
            path => path,
        };
        let rlimits = self.request.ulimits.iter().map(rlimit).collect();
        Ok(ContainerSpec {
            id: ContainerId::random().to_string(),
            hostname: HOSTNAME.into(),
            domainname: String::new(),
            rootfs,
            readonly_rootfs: false,
            mounts: etc
                .into_iter()
                .chain(mounts.mounts.iter().cloned())
                .collect(),
            network: self.network(run),
            masked: true,
            process: ProcessSpec {
                args: script.argv.clone(),
                env: env.collect(),
                cwd: cwd.into(),
                user: state.run.user.clone(),
                groups: Vec::new(),
                tty: None,
                capabilities: Capabilities::docker_default(),
                reach: Reach::Sandbox,
                no_new_privileges: false,
                seccomp: Seccomp::Default,
                rlimits,
            },
            init: false,
            pid: Namespace::Own,
            ipc: Namespace::Own,
            uts: Namespace::Own,
            shm_size: Some(match self.request.shm_size {
                0 => 64 << 20,
                size => size,
            }),
        })
    }
}

/// What a sandbox has not, by name.
fn check(run: &Run) -> Result<(), Failure> {
    let refused = |what: &str| Err(Failure::Wrong(format!("a sandbox cannot do this: {what}")));
    match (run.security, run.devices.first()) {
        (RunSecurity::Insecure, _) => refused(
            "RUN --security=insecure gives a command more power than a build may have; leave the flag out",
        ),
        (_, Some(device)) => refused(&format!(
            "RUN --device={device}: there are no such devices; leave the flag out"
        )),
        _ => Ok(()),
    }
}

fn rlimit(limit: &Ulimit) -> Rlimit {
    let number = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
    Rlimit {
        name: limit.name.clone(),
        soft: number(limit.soft),
        hard: number(limit.hard),
    }
}

/// The command; arguments that it sees come first.
fn history(argv: &[String], state: &State) -> String {
    let mut args: Vec<(&str, String)> = Vec::new();
    for (name, value) in &state.args {
        let seen = state.variable(name).map(ToOwned::to_owned);
        let value = seen.or_else(|| value.clone()).unwrap_or_default();
        match args.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => args.push((name, value)),
        }
    }
    let mut words = Vec::new();
    if !args.is_empty() {
        words.push(format!("|{}", args.len()));
        words.extend(args.iter().map(|(name, value)| format!("{name}={value}")));
    }
    words.extend(argv.iter().cloned());
    format!("RUN {} # buildkit", words.join(" "))
}

/// A command's output on its way to the client.
struct Logged<'a> {
    shown: &'a Shown,
    left: usize,
}

impl pump::Listener for Logged<'_> {
    fn printed(&mut self, stderr: bool, text: &str) -> Result<(), Gone> {
        if self.left == 0 {
            return Ok(());
        }
        self.shown.log(1 + u8::from(stderr), text.as_bytes())?;
        self.left = self.left.saturating_sub(text.len());
        if self.left == 0 {
            self.shown
                .log(2, b"\n[output clipped, log limit 2MiB reached]\n")?;
        }
        Ok(())
    }
}
