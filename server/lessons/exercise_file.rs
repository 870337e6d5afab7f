//! `exercises.toml`: the exercises of one lesson, strict, with the line of whatever is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    front_matter::{Mistake, line_of},
    model::{Check, Exercise, WrongAnswer},
    render,
};
use crate::grading::{Condition, condition as kind};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exercise: Vec<ExerciseTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExerciseTable {
    id: Spanned<String>,
    title: String,
    prompt: String,
    #[serde(default = "ten")]
    points: u32,
    #[serde(default)]
    hints: Vec<String>,
    explain: Option<String>,
    #[serde(default)]
    solution: String,
    #[serde(default)]
    check: Vec<CheckTable>,
    #[serde(default)]
    wrong: Vec<WrongTable>,
}

fn ten() -> u32 {
    10
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrongTable {
    name: Spanned<String>,
    script: String,
    expect: String,
}

/// A check: words, and exactly one of the kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CheckTable {
    id: Spanned<String>,
    title: String,
    why: Option<String>,
    #[serde(default)]
    messages: BTreeMap<String, String>,
    #[serde(default)]
    hints: Vec<String>,
    image: Option<kind::Image>,
    layers: Option<kind::Layers>,
    image_file: Option<kind::ImageFile>,
    history: Option<kind::History>,
    build_cache: Option<kind::BuildCache>,
    dockerfile: Option<kind::Dockerfile>,
    container: Option<kind::Container>,
    containers: Option<kind::Containers>,
    container_file: Option<kind::ContainerFile>,
    workstation_file: Option<kind::WorkstationFile>,
    run: Option<kind::Run>,
}

/// Reads the exercises of one lesson.
///
/// # Errors
/// The first thing that is not as it must be, with its line.
pub fn parse(text: &str) -> Result<Vec<Exercise>, Mistake> {
    let file: File = toml::from_str(text).map_err(|error| Mistake::toml(&error, text, 1))?;
    let mut exercises: Vec<Exercise> = Vec::with_capacity(file.exercise.len());
    for table in file.exercise {
        let exercise = table.resolve(text)?;
        if exercises.iter().any(|other| other.id == exercise.id) {
            return Err(Mistake::at(
                exercise.line,
                format!("there are two exercises with the id {:?}", exercise.id),
            ));
        }
        exercises.push(exercise);
    }
    Ok(exercises)
}

impl ExerciseTable {
    fn resolve(self, text: &str) -> Result<Exercise, Mistake> {
        let (id, line) = named(self.id, text)?;
        let mut checks: Vec<Check> = Vec::with_capacity(self.check.len());
        for table in self.check {
            let check = table.resolve(text)?;
            if checks.iter().any(|other| other.id == check.id) {
                let message = format!("exercise {id:?} has two checks with the id {:?}", check.id);
                return Err(Mistake::at(check.line, message));
            }
            checks.push(check);
        }
        if checks.is_empty() {
            return Err(Mistake::at(line, format!("exercise {id:?} has no check")));
        }
        let wrong = self
            .wrong
            .into_iter()
            .map(|table| WrongAnswer {
                line: line_of(text, table.name.span().start),
                name: table.name.into_inner(),
                script: table.script,
                expect: table.expect,
            })
            .collect();
        Ok(Exercise {
            id,
            title: self.title,
            prompt_html: render::fragment(&self.prompt),
            points: self.points,
            checks,
            hints: self
                .hints
                .iter()
                .map(|hint| render::fragment(hint))
                .collect(),
            explain_html: self.explain.as_deref().map(render::fragment),
            solution: self.solution,
            wrong,
            line,
        })
    }
}

impl CheckTable {
    fn resolve(self, text: &str) -> Result<Check, Mistake> {
        let (id, line) = named(self.id, text)?;
        let kinds: [Option<Condition>; 11] = [
            self.image.map(Condition::Image),
            self.layers.map(Condition::Layers),
            self.image_file.map(Condition::ImageFile),
            self.history.map(Condition::History),
            self.build_cache.map(Condition::BuildCache),
            self.dockerfile.map(Condition::Dockerfile),
            self.container.map(Condition::Container),
            self.containers.map(Condition::Containers),
            self.container_file.map(Condition::ContainerFile),
            self.workstation_file.map(Condition::WorkstationFile),
            self.run.map(Condition::Run),
        ];
        let mut given = kinds.into_iter().flatten();
        let (Some(condition), None) = (given.next(), given.next()) else {
            return Err(Mistake::at(
                line,
                format!(
                    "check {id:?} must say exactly one of: image, layers, image-file, history, build-cache, \
                     dockerfile, container, containers, container-file, workstation-file, run"
                ),
            ));
        };
        if let Some(other) = self
            .messages
            .keys()
            .find(|key| !condition.conditions().contains(&key.as_str()))
        {
            return Err(Mistake::at(
                line,
                format!(
                    "check {id:?} has a message for {other:?}; it can only give {}",
                    condition.conditions().join(", ")
                ),
            ));
        }
        Ok(Check {
            id,
            title: self.title,
            why: self.why,
            messages: self.messages,
            hints: self
                .hints
                .iter()
                .map(|hint| render::fragment(hint))
                .collect(),
            condition,
            line,
        })
    }
}

/// An id with the line that it stands on.
fn named(id: Spanned<String>, text: &str) -> Result<(String, usize), Mistake> {
    let line = line_of(text, id.span().start);
    let id = id.into_inner();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        return Err(Mistake::at(
            line,
            format!("the id {id:?} must be lower-case letters, digits and dashes"),
        ));
    }
    Ok((id, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[exercise]]
id = "one"
title = "One"
prompt = "Do **it**."
solution = "true"

[[exercise.check]]
id = "box"
title = "It runs"
container = { name = "box", state = "running" }
messages.missing = "No box."

[[exercise.wrong]]
name = "nothing"
script = "true"
expect = "box.missing"
"#;

    #[test]
    fn an_exercise_is_read_with_its_lines() {
        let exercises = parse(GOOD).expect("good");
        let one = &exercises[0];
        assert_eq!((one.id.as_str(), one.line, one.points), ("one", 3, 10));
        assert_eq!(one.prompt_html, "<p>Do <strong>it</strong>.</p>\n");
        assert_eq!((one.checks[0].line, one.wrong[0].line), (9, 15));
        assert!(matches!(one.checks[0].condition, Condition::Container(_)));
    }

    #[test]
    fn an_unknown_field_is_told_with_its_line() {
        let mistake = parse(&GOOD.replace("state =", "sate =")).unwrap_err();
        assert_eq!(mistake.line, Some(11), "{mistake:?}");
        assert!(mistake.message.contains("sate"), "{mistake:?}");
    }

    #[test]
    fn a_check_is_of_exactly_one_kind() {
        let none = GOOD.replace("container = {", "# container = {");
        assert!(parse(&none).unwrap_err().message.contains("exactly one"));
        let two = GOOD.replace(
            "container = {",
            "containers = { at-most = 1 }\ncontainer = {",
        );
        let mistake = parse(&two).unwrap_err();
        assert_eq!(mistake.line, Some(9));
    }

    #[test]
    fn a_message_for_what_cannot_happen_is_refused() {
        let mistake = parse(&GOOD.replace("messages.missing", "messages.gone")).unwrap_err();
        assert!(mistake.message.contains("missing, present"), "{mistake:?}");
    }

    #[test]
    fn ids_are_plain_and_unique() {
        let mistake = parse(&GOOD.replace("\"one\"", "\"One!\"")).unwrap_err();
        assert_eq!(mistake.line, Some(3));
        let twice = format!("{GOOD}{GOOD}");
        assert!(parse(&twice).unwrap_err().message.contains("two exercises"));
    }
}
