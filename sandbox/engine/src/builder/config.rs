//! The image of a stage: its config and history as BuildKit writes them, and its name.

use std::collections::BTreeMap;

use drydock_image::{
    ImageId,
    config::{Empty, Healthcheck, History, RootFs, RunConfig},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{error::Failure, stage::State};
use crate::{Engine, clock};

/// Bytes of an image's config, with its history.
const MAX_CONFIG: usize = 4 << 20;

/// An image's config; fields that say nothing are left out. Source: the OCI image specification, and Docker's
/// extension of it.
#[derive(Debug, Serialize)]
struct Config<'a> {
    architecture: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    config: Run<'a>,
    created: String,
    history: Vec<History>,
    os: &'a str,
    rootfs: RootFs,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Run<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed_ports: Option<&'a BTreeMap<String, Empty>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volumes: Option<&'a BTreeMap<String, Empty>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    working_dir: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    args_escaped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<&'a Healthcheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_build: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<&'a [String]>,
}

impl<'a> Run<'a> {
    fn of(run: &'a RunConfig) -> Self {
        fn words(words: Option<&Vec<String>>) -> Option<&[String]> {
            words.map(Vec::as_slice).filter(|words| !words.is_empty())
        }
        Self {
            user: &run.user,
            exposed_ports: run.exposed_ports.as_ref().filter(|ports| !ports.is_empty()),
            env: words(run.env.as_ref()),
            entrypoint: words(run.entrypoint.as_ref()),
            cmd: words(run.cmd.as_ref()),
            volumes: run.volumes.as_ref().filter(|volumes| !volumes.is_empty()),
            working_dir: &run.working_dir,
            labels: run.labels.as_ref().filter(|labels| !labels.is_empty()),
            stop_signal: run.stop_signal.as_deref(),
            args_escaped: run.args_escaped,
            healthcheck: run.healthcheck.as_ref(),
            on_build: words(run.on_build.as_ref()),
            shell: words(run.shell.as_ref()),
        }
    }
}

/// Makes the image of `state`; with an `epoch`, all its times are that.
///
/// # Errors
/// When the store cannot be written, or the image says too much.
pub(super) fn image(
    engine: &Engine,
    state: &State,
    labels: &BTreeMap<String, String>,
    epoch: Option<Timestamp>,
) -> Result<ImageId, Failure> {
    let mut run = state.run.clone();
    if !labels.is_empty() {
        run.labels.get_or_insert_default().extend(labels.clone());
    }
    let now = epoch.unwrap_or_else(Timestamp::now);
    let history = dated(state, epoch);
    let created = history.last().and_then(|last| last.created.clone());
    let diff_ids = state
        .layers
        .iter()
        .map(|it| it.layer.diff_id.clone())
        .collect();
    let config = Config {
        architecture: &state.image.architecture,
        variant: state.image.variant.as_deref(),
        author: state.image.author.as_deref(),
        config: Run::of(&run),
        created: created.unwrap_or_else(|| clock::rfc3339(now)),
        history,
        os: &state.image.os,
        rootfs: RootFs {
            diff_ids,
            ..RootFs::default()
        },
        extra: Map::new(),
    };
    let raw = serde_json::to_vec(&config).unwrap_or_default();
    if raw.len() > MAX_CONFIG {
        return Err(Failure::Wrong(format!(
            "the image's config is larger than {MAX_CONFIG} bytes"
        )));
    }
    Ok(engine.store.add_image(&raw)?)
}

/// The history with times: a line that makes a layer has the layer's, one that makes none that of the layer before it,
/// or of the first new one. So a build that finds all in the cache makes the very same image.
fn dated(state: &State, epoch: Option<Timestamp>) -> Vec<History> {
    let mut history = state.image.history.clone();
    let mut layers = state.layers.iter();
    for line in &mut history {
        let layer = if line.empty_layer {
            None
        } else {
            layers.next()
        };
        if line.created.is_none() {
            let made = layer.and_then(|layer| layer.created);
            line.created = made.map(|made| clock::rfc3339(epoch.unwrap_or(made)));
        }
    }
    let first_new = history.iter().skip_while(|line| line.created.is_some());
    let first_new = first_new.into_iter().find_map(|line| line.created.clone());
    let last_known = history.iter().rev().find_map(|line| line.created.clone());
    let mut latest = epoch.map(clock::rfc3339).or(first_new).or(last_known);
    let mut missed = false;
    for line in &mut history {
        match &line.created {
            Some(created) if missed => latest = Some(created.clone()),
            Some(_) => {}
            None => {
                missed = true;
                line.created.clone_from(&latest);
            }
        }
    }
    history
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use drydock_image::Layer;

    use super::*;
    use crate::builder::stage::Layered;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A base image of one layer and a setting, then a setting, a layer, a setting.
    fn state() -> State {
        let mut state = State::scratch();
        let layer = |created| Layered {
            layer: Layer {
                diff_id: format!("sha256:{:064x}", 1).parse().unwrap(),
                dir: "/x".into(),
                size: 0,
            },
            created,
        };
        state.layers = vec![layer(None), layer(Some(at(100)))];
        for empty in [false, true] {
            state.image.history.push(History {
                created: Some(clock::rfc3339(at(10))),
                empty_layer: empty,
                ..History::default()
            });
        }
        for (text, empty) in [("ENV A=1", true), ("RUN x", false), ("CMD x", true)] {
            state.history(text.into(), empty);
        }
        state
    }

    fn times(epoch: Option<Timestamp>) -> Vec<i64> {
        let dated = dated(&state(), epoch);
        let seconds = dated
            .iter()
            .map(|line| line.created.as_deref().unwrap().parse::<Timestamp>());
        seconds.map(|time| time.unwrap().as_second()).collect()
    }

    #[test]
    fn lines_of_history_have_the_time_of_their_layer_or_of_the_one_before() {
        assert_eq!(times(None), [10, 10, 100, 100, 100]);
    }

    #[test]
    fn with_an_epoch_all_new_lines_have_that() {
        assert_eq!(times(Some(at(5))), [10, 10, 5, 5, 5]);
    }

    #[test]
    fn what_says_nothing_is_left_out_of_a_config() {
        let run = RunConfig {
            env: Some(vec!["A=1".into()]),
            cmd: Some(Vec::new()),
            ..RunConfig::default()
        };
        assert_eq!(
            serde_json::to_string(&Run::of(&run)).unwrap(),
            r#"{"Env":["A=1"]}"#
        );
    }
}
