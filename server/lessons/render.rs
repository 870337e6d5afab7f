//! Markdown to sanitised HTML.
//!
//! Besides ordinary Markdown, a fenced block may be one of ours:
//! `exercise` (its body names the exercise that stands here), `predict` (a question, a line `---`, the
//! answer), `machine` (a note for one's own machine). A code block `sh run` can be typed into the
//! terminal by a click.

mod markdown;
mod sanitise;

use super::model::Step;
use markdown::Writer;

pub use markdown::lesson_link;

pub use sanitise::escape;

/// A lesson's text, rendered.
#[derive(Debug, Default)]
pub struct Rendered {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
    /// The second-level headings.
    pub steps: Vec<Step>,
    /// What lint looks at.
    pub notes: Notes,
}

/// A piece of a lesson's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Sanitised HTML.
    Html(String),
    /// The exercise of this id stands here, by line.
    Exercise(String, usize),
}

/// What was met on the way, each with its line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Languages of code blocks.
    pub languages: Vec<(usize, String)>,
    /// Destinations of links, as written.
    pub links: Vec<(usize, String)>,
    /// The `id` of every heading.
    pub anchors: Vec<String>,
    /// Things that are wrong in any lesson.
    pub mistakes: Vec<(usize, String)>,
}

/// Renders a lesson's text, which begins at line `first` of its file.
#[must_use]
pub fn lesson(text: &str, first: usize) -> Rendered {
    let mut writer = Writer::new();
    writer.read(text, first);
    let mut rendered = writer.finish();
    for piece in &mut rendered.pieces {
        if let Piece::Html(html) = piece {
            *html = sanitise::clean(html);
        }
    }
    rendered
}

/// Renders a short text, such as a hint. Exercises cannot stand in it.
#[must_use]
pub fn fragment(text: &str) -> String {
    lesson(text, 1)
        .pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Html(html) => html,
            Piece::Exercise(..) => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        fragment(text)
    }

    #[test]
    fn script_tags_are_stripped() {
        let html = html(
            "Hello <script>alert(1)</script> <img src=x onerror=alert(1)> **you**\n\n<iframe src=//x></iframe>",
        );
        assert!(
            !html.contains("script") && !html.contains("alert"),
            "{html}"
        );
        assert!(
            !html.contains("onerror") && !html.contains("iframe"),
            "{html}"
        );
        assert!(html.contains("<strong>you</strong>"), "{html}");
    }

    #[test]
    fn script_links_and_styles_are_stripped() {
        let html =
            html("[x](javascript:alert(1)) <p style=\"position:fixed\" onclick=\"x()\">y</p>");
        assert!(
            !html.contains("javascript") && !html.contains("style") && !html.contains("onclick"),
            "{html}"
        );
    }

    #[test]
    fn a_runnable_block_carries_its_command() {
        let html = html("```sh run\necho \"a\" > b\n```\n");
        assert!(html.contains("class=\"code runnable\""), "{html}");
        assert!(
            html.contains("data-run=\"echo &quot;a&quot; > b\"")
                || html.contains("data-run=\"echo &quot;a&quot; &gt; b\""),
            "{html}"
        );
        assert!(html.contains("hl-"), "{html}");
        let plain = fragment("```sh\nls\n```\n");
        assert!(!plain.contains("data-run"), "{plain}");
    }

    #[test]
    fn text_is_cut_where_exercises_stand() {
        let rendered = lesson("One.\n\n```exercise\nfirst\n```\n\nTwo.\n", 10);
        assert_eq!(
            rendered.pieces,
            [
                Piece::Html("<p>One.</p>\n".into()),
                Piece::Exercise("first".into(), 12),
                Piece::Html("<p>Two.</p>\n".into()),
            ]
        );
    }

    #[test]
    fn a_prediction_hides_its_answer() {
        let html = html("````predict\nWhat comes?\n\n---\n\n```output\nhi\n```\n````\n");
        let (question, answer) = html.split_once("<details>").expect("details");
        assert!(
            question.contains("What comes?") && !question.contains("hi</code>"),
            "{html}"
        );
        assert!(
            answer.contains("<summary>") && answer.contains("hi"),
            "{html}"
        );
    }

    #[test]
    fn headings_become_steps_and_anchors() {
        let rendered = lesson(
            "## Run `docker ps` now!\n\ntext\n\n### Deeper\n\n## Run docker ps now\n",
            1,
        );
        assert_eq!(rendered.steps.len(), 2);
        assert_eq!(rendered.steps[0].id, "run-docker-ps-now");
        assert_eq!(rendered.steps[0].title, "Run docker ps now!");
        assert_eq!(rendered.steps[1].id, "run-docker-ps-now-2");
        let Piece::Html(html) = &rendered.pieces[0] else {
            panic!("html")
        };
        assert!(html.contains("<h2 id=\"run-docker-ps-now\">"), "{html}");
    }

    #[test]
    fn links_between_lessons_become_pages() {
        let html = html("[next](../02-layers/lesson.md#cache) [web](https://example.org/)");
        assert!(html.contains("href=\"/lessons/layers#cache\""), "{html}");
        assert!(html.contains("href=\"https://example.org/\""), "{html}");
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let rendered = lesson(
            "Text\n\n```nonsense\nx\n```\n\n[a](../09-x/lesson.md)\n\n````machine\n```sh\nls\n```\n````\n",
            7,
        );
        assert_eq!(
            rendered.notes.languages,
            [(9, "nonsense".into()), (16, "sh".into())]
        );
        assert_eq!(rendered.notes.links, [(13, "../09-x/lesson.md".into())]);
    }
}
