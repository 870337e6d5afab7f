//! `drydock lesson test`: proves each exercise both ways.
//!
//! Untouched, it must not pass; solved, it must; and each known mistake must give its own message.

use std::{
    future::Future,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use drydock_api::client::Client;
use futures_util::{StreamExt, stream};

use super::{
    CommandError, expect_known, selected, tell_broken,
    verify::{Case, CaseError},
};
use crate::lessons::{Catalogue, Exercise, Lesson, Source};

/// Gives sandboxes to test in.
pub trait Workshop {
    /// A sandbox; dropping it must end it.
    type Bench: Bench;

    /// Starts a fresh sandbox for a lesson, as a learner would get it.
    fn open(&self, lesson: &Lesson) -> impl Future<Output = Result<Self::Bench, String>>;
}

/// A sandbox to test in.
pub trait Bench {
    /// Its engine, by the server's own door.
    fn client(&self) -> Client;

    /// Ends it.
    fn close(self) -> impl Future<Output = ()>;
}

/// How to test.
#[derive(Debug, Clone)]
pub struct TestOptions {
    /// Only these lessons, by id or folder; none means all.
    pub ids: Vec<String>,
    /// How many sandboxes at once.
    pub jobs: usize,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            jobs: 3,
        }
    }
}

/// How one case went.
#[derive(Debug)]
pub struct CaseResult {
    /// `lesson/exercise: case`.
    pub name: String,
    /// What went wrong, if anything did.
    pub problem: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// One case of one exercise.
struct Job {
    lesson: Arc<Lesson>,
    exercise: usize,
    case: usize,
}

/// Tests all cases of the chosen lessons, prints a line for each and a summary; `true` when all hold.
///
/// # Errors
/// When a lesson is not known, or nothing can be written to `out`.
pub async fn test(
    source: &Source,
    options: &TestOptions,
    workshop: &impl Workshop,
    out: &mut dyn Write,
) -> Result<bool, CommandError> {
    expect_known(source, &options.ids)?;
    let (catalogue, broken) = Catalogue::load(source);
    tell_broken(&broken, out)?;
    let jobs = jobs(&catalogue, &options.ids);
    let (mut passed, mut failed) = (0, 0);
    let begun = Instant::now();
    let mut results = stream::iter(jobs)
        .map(|job| run(job, workshop))
        // In order, so that the report of two runs can be compared.
        .buffered(options.jobs.max(1));
    while let Some(result) = results.next().await {
        let took = result.took.as_millis();
        match result.problem {
            None => {
                passed += 1;
                writeln!(out, "ok      {} ({took} ms)", result.name)?;
            }
            Some(problem) => {
                failed += 1;
                writeln!(
                    out,
                    "FAILED  {} ({took} ms)\n        {problem}",
                    result.name
                )?;
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    writeln!(
        out,
        "{passed} passed, {failed} failed, {} lessons left out; {seconds:.1} s",
        broken.len()
    )?;
    Ok(failed == 0 && broken.is_empty())
}

fn jobs(catalogue: &Catalogue, ids: &[String]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for lesson in catalogue
        .iter()
        .filter(|lesson| selected(&lesson.folder, ids))
    {
        for (exercise, data) in lesson.exercises.iter().enumerate() {
            for case in 0..2 + data.wrong.len() {
                jobs.push(Job {
                    lesson: Arc::clone(lesson),
                    exercise,
                    case,
                });
            }
        }
    }
    jobs
}

async fn run<W: Workshop>(job: Job, workshop: &W) -> CaseResult {
    let begun = Instant::now();
    let exercise = &job.lesson.exercises[job.exercise];
    let (name, case) = case(exercise, job.case);
    let problem = match workshop.open(&job.lesson).await {
        Err(problem) => Some(format!("no sandbox: {problem}")),
        Ok(bench) => {
            let played: Result<(), CaseError> =
                case.play(&job.lesson, exercise, &bench.client()).await;
            bench.close().await;
            played.err().map(|error| error.to_string())
        }
    };
    CaseResult {
        name: format!("{}/{}: {name}", job.lesson.id, exercise.id),
        problem,
        took: begun.elapsed(),
    }
}

fn case(exercise: &Exercise, index: usize) -> (String, Case<'_>) {
    match index {
        0 => ("untouched does not pass".into(), Case::Untouched),
        1 => (
            "the solution passes".into(),
            Case::Solution(&exercise.solution),
        ),
        index => {
            let wrong = &exercise.wrong[index - 2];
            let case = Case::Wrong {
                script: &wrong.script,
                expect: &wrong.expect,
            };
            (format!("{} gives {}", wrong.name, wrong.expect), case)
        }
    }
}
