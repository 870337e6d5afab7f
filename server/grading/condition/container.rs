//! One container, by name.

use std::time::Duration;

use serde::Deserialize;

use super::{
    Text,
    image::{no_image, printed},
};
use crate::grading::{Finding, GraderError, Verdict, evidence::Evidence, random::Values, wire};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "missing",
    "present",
    "image-missing",
    "image",
    "command",
    "not-started",
    "state",
    "exit-code",
    "auto-remove",
    "terminal",
    "stdin",
    "env",
    "log",
];

/// How long a container must go on running to count as one that runs.
const SETTLING: Duration = Duration::from_millis(400);

/// `container = { name = "web", image = "busybox", state = "running" }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Container {
    /// Its name.
    pub name: String,
    /// There must be none of that name.
    #[serde(default)]
    pub absent: bool,
    /// The image it was created from, as that name stands now.
    pub image: Option<String>,
    /// The exact program and arguments that it runs.
    pub command: Option<Vec<String>>,
    /// `running`, `exited`, `created`, `paused`.
    pub state: Option<StateName>,
    /// The exit code of its last run.
    pub exit_code: Option<i64>,
    /// Whether it was started with `--rm`.
    pub auto_remove: Option<bool>,
    /// Whether it has a terminal (`-t`).
    pub terminal: Option<bool>,
    /// Whether its stdin is open (`-i`).
    pub stdin: Option<bool>,
    /// Each of these `KEY=VALUE` is set in it.
    #[serde(default)]
    pub env: Vec<String>,
    /// What it has printed.
    pub log: Option<Text>,
}

/// The states that Docker names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
    /// Never started.
    Created,
    /// Its first process runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// It is being started again.
    Restarting,
    /// Its first process has ended.
    Exited,
}

impl StateName {
    /// As the engine writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
        }
    }
}

impl Container {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let container = self.settled(evidence).await?;
        let Some(container) = container else {
            return Ok(self.judge(None, None, &evidence.values));
        };
        let image_id = match &self.image {
            None => None,
            Some(name) => match evidence.image(name).await? {
                None if self.absent => None,
                None => return Ok(no_image("image-missing", name)),
                Some(image) => Some(image.id),
            },
        };
        let verdict = self.judge(Some(&container), image_id.as_deref(), &evidence.values);
        let (Verdict::Pass, Some(log)) = (&verdict, &self.log) else {
            return Ok(verdict);
        };
        let printed = evidence.logs(&container.id, container.config.tty).await?;
        let what = format!("What {} printed", self.name);
        Ok(log
            .judge(&printed.both(), &evidence.values, "log", &what)
            .map_or(Verdict::Pass, Verdict::from))
    }

    /// The container's record. One that should be running is given a moment in which to end: a
    /// command that ends at once must not pass because the check was quicker.
    async fn settled(
        &self,
        evidence: &Evidence<'_>,
    ) -> Result<Option<wire::Container>, GraderError> {
        let container = evidence.container(&self.name).await?;
        match &container {
            Some(found)
                if self.state == Some(StateName::Running)
                    && found.state.status == "running"
                    && evidence.ends_within(&found.id, SETTLING).await? =>
            {
                evidence.container(&self.name).await
            }
            _ => Ok(container),
        }
    }

    /// Judges everything but the log; `image_id` is what [`Container::image`] stands for now.
    #[must_use]
    pub fn judge(
        &self,
        container: Option<&wire::Container>,
        image_id: Option<&str>,
        values: &Values,
    ) -> Verdict {
        let name = &self.name;
        let Some(container) = container else {
            return if self.absent {
                Verdict::Pass
            } else {
                Finding::absent("missing", format!("There is no container called {name}.")).into()
            };
        };
        if self.absent {
            return Finding::wrong("present", format!("The container {name} still exists."))
                .compared("none", container.state.status.clone())
                .into();
        }
        let finding = self
            .made_from(container, image_id)
            .or_else(|| self.in_state(container))
            .or_else(|| self.runs(container, values))
            .or_else(|| self.flags(container))
            .or_else(|| self.environment(container, values));
        finding.map_or(Verdict::Pass, Verdict::from)
    }

    fn made_from(&self, container: &wire::Container, image_id: Option<&str>) -> Option<Finding> {
        let wanted = image_id?;
        (container.image != wanted).then(|| {
            Finding::wrong(
                "image",
                format!("{} was made from another image.", self.name),
            )
            .compared(
                self.image.clone().unwrap_or_default(),
                container.config.image.clone(),
            )
        })
    }

    fn runs(&self, container: &wire::Container, values: &Values) -> Option<Finding> {
        let wanted: Vec<_> = self
            .command
            .as_ref()?
            .iter()
            .map(|word| values.fill(word))
            .collect();
        let mut found = vec![container.path.clone()];
        found.extend(container.args.iter().cloned());
        (wanted != found).then(|| {
            Finding::wrong("command", format!("{} runs another command.", self.name))
                .compared(printed(&wanted), printed(&found))
        })
    }

    fn in_state(&self, container: &wire::Container) -> Option<Finding> {
        let state = &container.state;
        let name = &self.name;
        if let Some(wanted) = self.state
            && wanted.as_str() != state.status
        {
            let found = match state.status.as_str() {
                "exited" => format!("exited ({})", state.exit_code),
                other => other.to_owned(),
            };
            // A container that could not start is another mistake than one that has ended.
            let finding = match state.status.as_str() {
                "created" => Finding::wrong("not-started", format!("{name} never started.")),
                _ => Finding::wrong("state", format!("{name} is not in the right state.")),
            };
            return Some(finding.compared(wanted.as_str(), found));
        }
        let wanted = self.exit_code?;
        (wanted != state.exit_code).then(|| {
            Finding::wrong("exit-code", format!("{name} ended with another exit code."))
                .compared(wanted.to_string(), state.exit_code.to_string())
        })
    }

    fn flags(&self, container: &wire::Container) -> Option<Finding> {
        let flag = |condition, flag: &str, wanted: Option<bool>, found: bool| {
            let wanted = wanted?;
            let with = |yes| {
                if yes {
                    format!("with {flag}")
                } else {
                    format!("without {flag}")
                }
            };
            (wanted != found).then(|| {
                Finding::wrong(
                    condition,
                    format!("{} was started {}.", self.name, with(found)),
                )
                .compared(with(wanted), with(found))
            })
        };
        let config = &container.config;
        let auto_remove = container.host_config.auto_remove;
        flag("auto-remove", "--rm", self.auto_remove, auto_remove)
            .or_else(|| flag("terminal", "-t", self.terminal, config.tty))
            .or_else(|| flag("stdin", "-i", self.stdin, config.open_stdin))
    }

    fn environment(&self, container: &wire::Container, values: &Values) -> Option<Finding> {
        let wanted = self
            .env
            .iter()
            .map(|pair| values.fill(pair))
            .find(|pair| !container.config.env.contains(pair))?;
        Some(
            Finding::wrong("env", "An environment variable is not as it should be.")
                .compared(wanted, container.config.env.join(" ")),
        )
    }
}
