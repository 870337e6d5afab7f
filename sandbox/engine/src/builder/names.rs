//! How steps and images are named in what a build says.

use drydock_dockerfile::{Dockerfile, Instruction, Stage};
use drydock_image::ImageRef;

/// The canonical name of an image: `docker.io/library/busybox:latest`. What is no name stays as it is.
pub(super) fn image(written: &str) -> String {
    let name = written.parse::<ImageRef>();
    name.map_or_else(
        |_| written.into(),
        |name| name.with_default_tag().full_name(),
    )
}

/// What a stage is called: its name, or its number where there are several.
pub(super) fn stage(file: &Dockerfile, index: usize, stage: &Stage) -> String {
    match &stage.name {
        Some(name) => name.clone(),
        None if file.stages.len() > 1 => format!("stage-{index}"),
        None => String::new(),
    }
}

/// Counts a stage's steps while it is built, for `[builder 2/5] `.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    stage: String,
    at: usize,
    total: usize,
}

impl Counter {
    pub(super) fn new(stage: &str, total: usize) -> Self {
        Self {
            stage: stage.into(),
            at: 0,
            total,
        }
    }

    /// The next step's name.
    pub(super) fn name(&mut self, text: &str, on_build: bool) -> String {
        if self.total == 0 {
            return text.into();
        }
        self.at += 1;
        let width = self.total.to_string().len();
        let stage = match self.stage.as_str() {
            "" => String::new(),
            stage => format!("{stage} "),
        };
        let on_build = if on_build { "ONBUILD " } else { "" };
        format!(
            "[{stage}{:width$}/{}] {on_build}{text}",
            self.at, self.total
        )
    }
}

/// Whether an instruction is one of the numbered steps.
pub(super) fn counts(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Run(_) | Instruction::Copy(_) | Instruction::Add(_) | Instruction::Workdir(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_their_whole_names() {
        assert_eq!(image("busybox"), "docker.io/library/busybox:latest");
        assert_eq!(image("a/b:1"), "docker.io/a/b:1");
        assert_eq!(image("localhost:5000/x"), "localhost:5000/x:latest");
        assert_eq!(image("Not A Name"), "Not A Name");
    }

    #[test]
    fn steps_are_counted_as_wide_as_their_number() {
        let mut counter = Counter::new("builder", 10);
        assert_eq!(counter.name("RUN x", false), "[builder  1/10] RUN x");
        let mut counter = Counter::new("", 2);
        assert_eq!(counter.name("RUN x", true), "[1/2] ONBUILD RUN x");
        assert_eq!(Counter::new("", 0).name("RUN x", false), "RUN x");
    }
}
