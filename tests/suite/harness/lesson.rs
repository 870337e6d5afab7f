//! The repository's lessons, as their files say: what a learner could type.

use std::fs;

use super::repository;

/// One exercise.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// The lesson's name in URLs.
    pub lesson: String,
    pub id: String,
    /// A script that solves it.
    pub solution: String,
    /// A script that gets it wrong, and the message key for it.
    pub wrong: String,
    pub key: String,
    messages: Vec<(String, String)>,
}

impl Exercise {
    /// What the learner is told for this key.
    #[track_caller]
    pub fn message(&self, key: &str) -> String {
        let found = self.messages.iter().find(|(other, _)| other == key);
        found
            .unwrap_or_else(|| panic!("{} has no message {key}", self.id))
            .1
            .clone()
    }
}

/// All exercises, in the order of the lessons.
pub fn exercises() -> Vec<Exercise> {
    let entries = fs::read_dir(repository().join("lessons")).unwrap();
    let mut folders: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
        .iter()
        .filter(|folder| folder.join("exercises.toml").exists())
        .flat_map(|folder| of(folder))
        .collect()
}

fn of(folder: &std::path::Path) -> Vec<Exercise> {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let lesson = name
        .split_once('-')
        .map_or(name, |(_, slug)| slug)
        .to_owned();
    let text = fs::read_to_string(folder.join("exercises.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let exercises = table["exercise"].as_array().unwrap();
    let string = |value: &toml::Value, key: &str| value[key].as_str().unwrap().to_owned();
    exercises
        .iter()
        .map(|exercise| {
            let wrong = &exercise["wrong"].as_array().unwrap()[0];
            Exercise {
                lesson: lesson.clone(),
                id: string(exercise, "id"),
                solution: string(exercise, "solution"),
                wrong: string(wrong, "script"),
                key: string(wrong, "expect"),
                messages: messages(exercise),
            }
        })
        .collect()
}

fn messages(exercise: &toml::Value) -> Vec<(String, String)> {
    let checks = exercise["check"].as_array().unwrap().iter();
    let of = |check: &toml::Value| {
        let id = check["id"].as_str().unwrap().to_owned();
        let table = check
            .get("messages")
            .and_then(toml::Value::as_table)
            .cloned()
            .unwrap_or_default();
        table
            .into_iter()
            .map(move |(half, text)| (format!("{id}.{half}"), text.as_str().unwrap().to_owned()))
    };
    checks.flat_map(of).collect()
}

/// The first exercise of the first lesson.
pub fn first() -> Exercise {
    exercises().remove(0)
}
