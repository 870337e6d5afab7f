use super::*;

fn card(id: &str, done: usize, total: usize) -> LessonCard {
    LessonCard {
        id: id.into(),
        title: format!("Lesson <{id}>"),
        summary: "About it & more".into(),
        minutes: 10,
        done,
        total,
    }
}

fn index(lessons: Vec<LessonCard>) -> IndexPage {
    IndexPage {
        lessons,
        left_out: Vec::new(),
    }
}

fn exercise(id: &str, status: ExerciseStatus) -> ExerciseView {
    ExerciseView {
        id: id.into(),
        title: format!("Do {id}"),
        prompt_html: format!("<p>Please <em>{id}</em>.</p>"),
        status,
        explain_html: (status == ExerciseStatus::Passed).then(|| "<p>Because.</p>".into()),
        points: 0,
        max: 10,
    }
}

fn lesson() -> LessonPage {
    LessonPage {
        lesson_id: "layers".into(),
        title: "Layers & <cache>".into(),
        summary: "Short".into(),
        minutes: 20,
        number: 2,
        steps: Vec::new(),
        blocks: vec![
            LessonBlock::Html("<p id=\"text\">Text</p>".into()),
            LessonBlock::Exercise(exercise("one", ExerciseStatus::Passed)),
            LessonBlock::Exercise(exercise("two", ExerciseStatus::Open)),
        ],
        previous: None,
        next: Some(LessonLink {
            id: "cmd".into(),
            title: "CMD".into(),
        }),
    }
}

fn resumed(lessons: Vec<LessonCard>) -> Option<String> {
    index(lessons).resume().map(|lesson| lesson.id.clone())
}

#[test]
fn a_started_lesson_is_resumed_before_a_new_one() {
    let lessons = vec![card("a", 2, 2), card("b", 0, 3), card("c", 1, 3)];
    assert_eq!(resumed(lessons), Some("c".into()));
    assert_eq!(
        resumed(vec![card("a", 2, 2), card("b", 0, 3)]),
        Some("b".into())
    );
    assert_eq!(resumed(vec![card("a", 2, 2)]), None);
}

#[test]
fn a_lesson_without_exercises_is_never_done() {
    assert_eq!(card("a", 0, 0).state(), LessonState::New);
}

#[test]
fn titles_are_escaped_and_sanitised_html_is_not() {
    let page = lesson().render().unwrap();
    assert!(page.contains("Layers &#38; &#60;cache&#62;"), "{page}");
    assert!(page.contains("<p id=\"text\">Text</p>"), "{page}");
    assert!(page.contains("<p>Please <em>two</em>.</p>"), "{page}");
    let page = index(vec![card("a", 0, 1)]).render().unwrap();
    assert!(!page.contains("<a>"), "{page}");
}

#[test]
fn exercises_are_counted_and_numbered_in_order() {
    let page = lesson();
    assert_eq!((page.done(), page.total()), (1, 2));
    let html = page.render().unwrap();
    assert!(
        html.contains("Exercise 1</p>") && html.contains("Exercise 2</p>"),
        "{html}"
    );
}

#[test]
fn an_explanation_is_in_the_page_once_the_exercise_is_passed() {
    let html = lesson().render().unwrap();
    assert_eq!(html.matches("<p>Because.</p>").count(), 1);
}

#[test]
fn no_page_has_anything_that_its_policy_forbids() {
    let error = ErrorPage {
        status: 404,
        title: "Not found".into(),
        message: "No".into(),
        next_step: "Go home.".into(),
    };
    let mut broken = index(Vec::new());
    broken.left_out.push(LeftOut {
        id: "x".into(),
        reason: "line 3".into(),
    });
    for html in [
        lesson().render().unwrap(),
        index(vec![card("a", 0, 1)]).render().unwrap(),
        broken.render().unwrap(),
        error.render().unwrap(),
    ] {
        assert!(!html.contains("style="), "{html}");
        assert!(!html.contains("<style"), "{html}");
        assert!(!html.contains(" onclick"), "{html}");
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("://"), "an address elsewhere: {html}");
    }
}

#[test]
fn every_file_that_a_page_asks_for_exists() {
    let html = lesson().render().unwrap() + &index(Vec::new()).render().unwrap();
    let paths: Vec<_> = html
        .split("/static/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        assert!(
            path.contains("?v="),
            "{path} has no version, so it does not exist"
        );
    }
}
