//! `POST /api/lessons/{lesson}/exercises/{exercise}/check`: grade an exercise.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use serde::Serialize;
use tokio::time::timeout;

use super::address;
use crate::{
    app::{App, shortened},
    config::CHECK_TIMEOUT,
    error::{ApiError, Refusal},
    grading::{self, GradeContext, Outcome},
    learner::LearnerId,
    lessons::Lesson,
    store::attempts::{Attempt, Subject},
};

/// What the page gets.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    outcome: Outcome,
    progress: LessonProgress,
    attempts: u32,
}

#[derive(Debug, Serialize)]
struct LessonProgress {
    done: usize,
    total: usize,
}

/// Looks at the learner's sandbox, records what was found, then says it.
///
/// # Errors
/// When there is nothing to look at, or it could not be recorded.
pub async fn check(
    request: HttpRequest,
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    path: web::Path<(String, String)>,
) -> Result<web::Json<Report>, ApiError> {
    let (lesson, exercise) = path.into_inner();
    let lesson = app.lesson(&lesson)?.clone();
    if lesson.exercise(&exercise).is_none() {
        return Err(Refusal::NoSuchExercise(shortened(&exercise)).into());
    }
    let learner = learner.into_inner();
    app.limits.count_check(learner, address(&request))?;
    // On the server's own runtime: a check is finished and recorded although the browser left.
    let runtime = app.runtime.clone();
    let grading = async move {
        timeout(
            CHECK_TIMEOUT,
            grade(app.into_inner(), learner, lesson, exercise),
        )
        .await
        .unwrap_or_else(|_| {
            Err(Refusal::Unavailable(
                "The check took too long; nothing is held against you.".into(),
            ))
        })
    };
    let report = runtime
        .spawn(grading)
        .await
        .unwrap_or(Err(Refusal::ShuttingDown))?;
    Ok(web::Json(report))
}

async fn grade(
    app: Arc<App>,
    learner: LearnerId,
    lesson: Arc<Lesson>,
    exercise: String,
) -> Result<Report, Refusal> {
    let exercise = lesson
        .exercise(&exercise)
        .ok_or(Refusal::NoSuchExercise(exercise))?;
    let _alone = app.checks.enter(learner).await;
    let sandbox = app
        .sandboxes
        .of(learner)
        .filter(|sandbox| sandbox.lesson() == Some(lesson.id.as_str()))
        .ok_or(Refusal::NoLiveSandbox)?;
    let subject = Subject {
        learner,
        lesson: &lesson.id,
        exercise: &exercise.id,
    };
    let context = GradeContext {
        seed: app.seed(learner),
        earlier: app.store.earlier_failures(subject).await?,
    };
    let outcome = grading::check(&lesson, exercise, &sandbox.client(), &context).await;
    record(&app, subject, &sandbox.id().to_string(), &lesson, outcome).await
}

/// What the browser is told has been recorded before.
async fn record(
    app: &App,
    subject: Subject<'_>,
    sandbox: &str,
    lesson: &Lesson,
    outcome: Outcome,
) -> Result<Report, Refusal> {
    let evidence = serde_json::to_string(&outcome.checks).map_err(Refusal::internal)?;
    let attempt = Attempt {
        subject,
        sandbox,
        status: outcome.status,
        key: outcome.key(),
        points: outcome.points,
        result: &evidence,
    };
    let standing = app.store.record_attempt(&attempt).await?;
    let progress = app.store.progress(subject.learner).await?;
    let done = lesson
        .exercises
        .iter()
        .filter(|e| progress.of(&lesson.id, &e.id).passed)
        .count();
    Ok(Report {
        outcome,
        progress: LessonProgress {
            done,
            total: lesson.exercises.len(),
        },
        attempts: standing.attempts,
    })
}
