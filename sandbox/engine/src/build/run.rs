//! RUN: a container whose changes become the layer.

use drydock_dockerfile::Run;
use drydock_runtime::{
    capability::Capabilities,
    container::{
        ContainerSpec, Mount, MountSource, Namespace, Network, ProcessSpec, Reach, Rootfs, Seccomp,
    },
    launch::Donors,
};
use drydock_spec::ContainerId;

use super::{
    builder::Builder,
    error::{BuildError, Meter},
    pump,
    stage::Stage,
    workspace::Scratch,
};

impl Builder<'_> {
    /// One such step.
    pub(super) fn run(&mut self, stage: &mut Stage, run: &Run) -> Result<(), BuildError> {
        if let Some(flag) = run.first_flag() {
            return Err(BuildError::BuildKit(flag));
        }
        let written = run.command.argv(&stage.shell());
        let args = self.args.stage_env(stage.env());
        let created_by = self.created_by(&written, &args);
        let argv = match written.is_empty() {
            // RUN []: what a container of the image would run.
            true => stage.run.cmd.clone().unwrap_or_default(),
            false => written,
        };
        let run = stage.run.clone();
        let key = self.key(stage, &created_by, &run);
        if self.cached(stage, &key)? {
            return Ok(());
        }
        let id = self.say_container()?;
        stage.hold(&self.engine.store);
        let scratch = self
            .workspace
            .scratch()
            .map_err(BuildError::os("make a step's directory"))?;
        let rootfs = self.command_rootfs(stage, &scratch)?;
        let env = stage.env().iter().cloned().chain(args).collect();
        let spec = self.spec(stage, &id, rootfs, argv.clone(), env)?;
        let (end, stdio) = pump::pipes().map_err(BuildError::os("make a pipe"))?;
        let running = self
            .engine
            .launcher
            .prepare()
            .and_then(|helper| helper.run(&spec, Donors::default(), stdio, None))
            .map_err(BuildError::start)?;
        let status = end.pump(&running, &self.cancel, &mut self.output)?;
        if status.code() != 0 {
            self.explain_full()?;
            if self.request.force_remove {
                self.say_removed(&id)?;
            }
            return Err(BuildError::Command {
                command: argv.join(" "),
                code: status.code(),
            });
        }
        let layer = self.layer(stage, &scratch)?;
        self.say_removed(&id)?;
        self.commit(stage, run, created_by, layer, key)
    }

    /// The command; build arguments that matter to it come first.
    fn created_by(&self, argv: &[String], args: &[String]) -> String {
        if args.is_empty() {
            return argv.join(" ");
        }
        let recorded = self.args.recorded(args);
        let words = recorded
            .iter()
            .copied()
            .chain(argv.iter().map(String::as_str));
        let words: Vec<&str> = words.collect();
        format!("|{} {}", recorded.len(), words.join(" "))
    }

    /// The image below what the command's mounts need.
    fn command_rootfs(&self, stage: &Stage, scratch: &Scratch) -> Result<Rootfs, BuildError> {
        let points = self
            .workspace
            .mount_points()
            .map_err(BuildError::os("make the mount points"))?;
        let mut rootfs = self.workspace.rootfs(&stage.layers, scratch);
        rootfs.lowers.insert(0, points);
        Ok(rootfs)
    }

    fn spec(
        &self,
        stage: &Stage,
        id: &ContainerId,
        rootfs: Rootfs,
        args: Vec<String>,
        mut env: Vec<String>,
    ) -> Result<ContainerSpec, BuildError> {
        let etc = self
            .workspace
            .etc(
                id.short(),
                &self.request.hosts,
                &self.engine.config.name_servers(),
            )
            .map_err(BuildError::os("write the command's /etc"))?;
        let mount = |(source, target): (std::path::PathBuf, &str)| Mount {
            source: MountSource::Engine(source),
            target: target.into(),
            readonly: false,
        };
        if !env.iter().any(|entry| entry.starts_with("HOSTNAME=")) {
            env.push(format!("HOSTNAME={}", id.short()));
        }
        let working_dir = stage.run.working_dir.as_str();
        Ok(ContainerSpec {
            id: id.to_string(),
            hostname: id.short().into(),
            domainname: String::new(),
            rootfs,
            readonly_rootfs: false,
            mounts: etc.into_iter().map(mount).collect(),
            network: match self.request.network.as_str() {
                "host" => Network::Host,
                "none" => Network::None,
                _ => self.engine.config.run_network(),
            },
            masked: true,
            process: ProcessSpec {
                args,
                env,
                cwd: if working_dir.is_empty() {
                    "/".into()
                } else {
                    working_dir.into()
                },
                user: stage.run.user.clone(),
                groups: Vec::new(),
                tty: None,
                capabilities: Capabilities::docker_default(),
                reach: Reach::Sandbox,
                no_new_privileges: false,
                seccomp: Seccomp::Default,
                rlimits: Vec::new(),
            },
            init: false,
            pid: Namespace::Own,
            ipc: Namespace::Own,
            uts: Namespace::Own,
            shm_size: Some(64 << 20),
        })
    }

    /// After a command failed: a full disk is the likely reason, and which meter it is helps.
    fn explain_full(&mut self) -> Result<(), BuildError> {
        let Some(meter) = Meter::full(&self.engine.config.data) else {
            return Ok(());
        };
        let text = format!("{}\n", BuildError::Full(meter));
        Ok(self.output.say_red(&text)?)
    }
}
