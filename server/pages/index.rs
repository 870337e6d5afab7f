//! `/`: every lesson, with how far the learner got.

use std::path::Path;

use actix_web::{HttpResponse, web};

use super::{
    html,
    views::{IndexPage, LeftOut, LessonCard},
};
use crate::{
    app::App,
    error::PageError,
    learner::LearnerId,
    lessons::{Broken, Lesson},
    store::attempts::Progress,
};

/// The page.
///
/// # Errors
/// When the store refuses.
pub async fn show(
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
) -> Result<HttpResponse, PageError> {
    let progress = app.store.progress(*learner).await?;
    html(&IndexPage {
        lessons: app
            .catalogue
            .iter()
            .map(|lesson| card(lesson, &progress))
            .collect(),
        left_out: app.left_out.iter().map(left_out).collect(),
    })
}

/// Where the lessons lie on the host is for the log only.
fn left_out(broken: &Broken) -> LeftOut {
    let file = Path::new(&broken.file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let line = broken
        .line
        .map(|line| format!(", line {line}"))
        .unwrap_or_default();
    LeftOut {
        id: broken.folder.clone(),
        reason: format!("{file}{line}: {}", broken.message),
    }
}

fn card(lesson: &Lesson, progress: &Progress) -> LessonCard {
    let passed = |id: &str| progress.of(&lesson.id, id).passed;
    LessonCard {
        id: lesson.id.clone(),
        title: lesson.title.clone(),
        summary: lesson.summary.clone(),
        minutes: lesson.minutes,
        done: lesson
            .exercises
            .iter()
            .filter(|exercise| passed(&exercise.id))
            .count(),
        total: lesson.exercises.len(),
    }
}
