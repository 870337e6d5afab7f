//! An image exists and is configured so.

use serde::Deserialize;

use crate::grading::{Finding, GraderError, Verdict, evidence::Evidence, random::Values, wire};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "missing",
    "same-as-missing",
    "not-same",
    "entrypoint-shell-form",
    "entrypoint-exec-form",
    "entrypoint-unset",
    "entrypoint-set",
    "entrypoint",
    "cmd-shell-form",
    "cmd-exec-form",
    "cmd-unset",
    "cmd-set",
    "cmd",
    "env",
    "workdir",
    "user",
];

/// `image = { name = "hello", entrypoint = ["echo"] }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The image, as a learner would name it.
    pub name: String,
    /// The exact entry point; an empty list wants none.
    pub entrypoint: Option<Vec<String>>,
    /// The form the entry point is written in, whatever it says.
    pub entrypoint_form: Option<Form>,
    /// The exact default command; an empty list wants none.
    pub cmd: Option<Vec<String>>,
    /// The form the default command is written in, whatever it says.
    pub cmd_form: Option<Form>,
    /// Each of these `KEY=VALUE` is set.
    #[serde(default)]
    pub env: Vec<String>,
    /// The working directory.
    pub workdir: Option<String>,
    /// The user; empty wants root.
    pub user: Option<String>,
    /// Another name of the very same image.
    pub same_as: Option<String>,
}

/// How `CMD` or `ENTRYPOINT` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A JSON list: the program itself.
    Exec,
    /// Plain words: `/bin/sh -c` runs them.
    Shell,
}

/// The keys of one of the two instructions.
struct Keys {
    name: &'static str,
    shell_form: &'static str,
    exec_form: &'static str,
    unset: &'static str,
    set: &'static str,
    other: &'static str,
}

const ENTRYPOINT: Keys = Keys {
    name: "ENTRYPOINT",
    shell_form: "entrypoint-shell-form",
    exec_form: "entrypoint-exec-form",
    unset: "entrypoint-unset",
    set: "entrypoint-set",
    other: "entrypoint",
};

const CMD: Keys = Keys {
    name: "CMD",
    shell_form: "cmd-shell-form",
    exec_form: "cmd-exec-form",
    unset: "cmd-unset",
    set: "cmd-set",
    other: "cmd",
};

impl Image {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let image = evidence.image(&self.name).await?;
        let same = match &self.same_as {
            Some(other) => Some((other.as_str(), evidence.image(other).await?)),
            None => None,
        };
        Ok(self.judge(image.as_ref(), same, &evidence.values))
    }

    /// Judges the image; `same` is the other name that it should have, and what that is now.
    #[must_use]
    pub fn judge(
        &self,
        image: Option<&wire::Image>,
        same: Option<(&str, Option<wire::Image>)>,
        values: &Values,
    ) -> Verdict {
        let Some(image) = image else {
            return no_image("missing", &self.name);
        };
        let config = &image.config;
        let finding = self
            .other_name(image, same)
            .or_else(|| {
                argv(
                    &ENTRYPOINT,
                    self.entrypoint.as_deref(),
                    self.entrypoint_form,
                    &config.entrypoint,
                    values,
                )
            })
            .or_else(|| {
                argv(
                    &CMD,
                    self.cmd.as_deref(),
                    self.cmd_form,
                    &config.cmd,
                    values,
                )
            })
            .or_else(|| self.environment(config, values))
            .or_else(|| {
                equal(
                    "workdir",
                    "working directory",
                    self.workdir.as_deref(),
                    &config.working_dir,
                )
            })
            .or_else(|| equal("user", "user", self.user.as_deref(), &config.user));
        finding.map_or(Verdict::Pass, Verdict::from)
    }

    fn other_name(
        &self,
        image: &wire::Image,
        same: Option<(&str, Option<wire::Image>)>,
    ) -> Option<Finding> {
        let (name, other) = same?;
        let Some(other) = other else {
            return Some(Finding::absent(
                "same-as-missing",
                format!("There is no image called {name} yet."),
            ));
        };
        (other.id != image.id).then(|| {
            Finding::wrong(
                "not-same",
                format!("{name} and {} are different images.", self.name),
            )
            .compared(short(&image.id), short(&other.id))
        })
    }

    fn environment(&self, config: &wire::Config, values: &Values) -> Option<Finding> {
        let wanted = self
            .env
            .iter()
            .map(|pair| values.fill(pair))
            .find(|pair| !config.env.contains(pair))?;
        let key = wanted.split('=').next().unwrap_or_default();
        let found = config
            .env
            .iter()
            .find(|pair| pair.split('=').next() == Some(key))
            .cloned()
            .unwrap_or_else(|| format!("no {key}"));
        Some(
            Finding::wrong(
                "env",
                "An environment variable of the image is not as it should be.",
            )
            .compared(wanted, found),
        )
    }
}

/// "There is no such image" as a verdict.
pub(super) fn no_image(condition: &'static str, name: &str) -> Verdict {
    Finding::absent(condition, format!("There is no image called {name} yet.")).into()
}

/// An id as `docker images` prints it.
pub(super) fn short(id: &str) -> String {
    id.trim_start_matches("sha256:").chars().take(12).collect()
}

/// The shell form of a command is stored as these three words.
fn shell_words(argv: &[String]) -> Option<&str> {
    match argv {
        [shell, flag, words] if shell == "/bin/sh" && flag == "-c" => Some(words),
        _ => None,
    }
}

fn argv(
    keys: &Keys,
    wanted: Option<&[String]>,
    form: Option<Form>,
    found: &[String],
    values: &Values,
) -> Option<Finding> {
    if wanted.is_none() && form.is_none() {
        return None;
    }
    let name = keys.name;
    let wanted: Option<Vec<String>> =
        wanted.map(|words| words.iter().map(|word| values.fill(word)).collect());
    let expected = match (&wanted, form) {
        (Some(words), _) => printed(words),
        (None, Some(Form::Shell)) => "shell form".into(),
        (None, _) => "exec form".into(),
    };
    let finding = |condition: &'static str, message: String| {
        Some(Finding::wrong(condition, message).compared(expected.clone(), printed(found)))
    };
    let wants_none = wanted.as_ref().is_some_and(Vec::is_empty);
    if found.is_empty() && !wants_none {
        return finding(keys.unset, format!("The image has no {name}."));
    }
    if wants_none && !found.is_empty() {
        return finding(keys.set, format!("The image should have no {name}."));
    }
    // The form comes before the words: with the wrong form, the words cannot match either.
    let is_shell = shell_words(found).is_some();
    let wants_shell = match (form, &wanted) {
        (Some(form), _) => form == Form::Shell,
        (None, Some(words)) => shell_words(words).is_some(),
        (None, None) => is_shell,
    };
    if is_shell && !wants_shell {
        return finding(
            keys.shell_form,
            format!("The {name} is written in shell form."),
        );
    }
    if wants_shell && !is_shell {
        return finding(
            keys.exec_form,
            format!("The {name} is written in exec form."),
        );
    }
    match wanted {
        Some(words) if words != found => {
            finding(keys.other, format!("The {name} is not the one asked for."))
        }
        _ => None,
    }
}

/// A list as it stands in a Dockerfile.
pub(super) fn printed(argv: &[String]) -> String {
    if argv.is_empty() {
        return "none".into();
    }
    serde_json::to_string(argv).unwrap_or_default()
}

fn equal(
    condition: &'static str,
    what: &str,
    wanted: Option<&str>,
    found: &str,
) -> Option<Finding> {
    let wanted = wanted?;
    let say = |text: &str| {
        if text.is_empty() {
            "none".into()
        } else {
            text.to_owned()
        }
    };
    (wanted != found).then(|| {
        Finding::wrong(
            condition,
            format!("The image's {what} is not as it should be."),
        )
        .compared(say(wanted), say(found))
    })
}
