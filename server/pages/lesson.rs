//! `/lessons/{id}`: one lesson beside the terminal.

use actix_web::{HttpResponse, web};

use super::{
    html,
    views::{ExerciseStatus, ExerciseView, LessonBlock, LessonLink, LessonPage, LessonStep},
};
use crate::{
    app::App,
    error::PageError,
    grading::random::Values,
    learner::LearnerId,
    lessons::{Block, Exercise, Lesson, Step},
    store::attempts::Standing,
};

/// The page.
///
/// # Errors
/// When there is no such lesson, or the store refuses.
pub async fn show(
    app: web::Data<App>,
    learner: web::ReqData<LearnerId>,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let lesson = app.lesson(&id)?;
    let progress = app.store.progress(*learner).await?;
    let (previous, next) = app.catalogue.neighbours(&lesson.id);
    let seed = app.seed(*learner);
    let show_block = |block: &Block| match block {
        Block::Html(html) => Some(LessonBlock::Html(html.clone())),
        Block::Exercise(index) => {
            let exercise = lesson.exercises.get(*index)?;
            let standing = progress.of(&lesson.id, &exercise.id);
            let values = Values::new(seed, &lesson.id, &exercise.id);
            Some(LessonBlock::Exercise(view(exercise, standing, &values)))
        }
    };
    let before = app
        .catalogue
        .iter()
        .take_while(|other| other.id != lesson.id)
        .count();
    html(&LessonPage {
        lesson_id: lesson.id.clone(),
        title: lesson.title.clone(),
        summary: lesson.summary.clone(),
        minutes: lesson.minutes,
        number: before + 1,
        steps: lesson.steps.iter().map(step).collect(),
        blocks: lesson.blocks.iter().filter_map(show_block).collect(),
        previous: previous.map(|lesson| link(lesson)),
        next: next.map(|lesson| link(lesson)),
    })
}

fn link(lesson: &Lesson) -> LessonLink {
    LessonLink {
        id: lesson.id.clone(),
        title: lesson.title.clone(),
    }
}

fn step(step: &Step) -> LessonStep {
    LessonStep {
        id: step.id.clone(),
        title: step.title.clone(),
    }
}

/// The task names values of the learner's own.
fn view(exercise: &Exercise, standing: Standing, values: &Values) -> ExerciseView {
    let explanation = exercise.explain_html.as_deref().filter(|_| standing.passed);
    ExerciseView {
        id: exercise.id.clone(),
        title: exercise.title.clone(),
        prompt_html: values.fill(&exercise.prompt_html),
        status: match standing {
            Standing { passed: true, .. } => ExerciseStatus::Passed,
            Standing { attempts: 0, .. } => ExerciseStatus::Open,
            Standing { .. } => ExerciseStatus::Tried,
        },
        explain_html: explanation.map(|html| values.fill(html)),
        points: standing.points,
        max: exercise.points,
    }
}
