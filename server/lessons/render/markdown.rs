//! Walking the Markdown, with our own fenced blocks.

use std::ops::Range;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use super::{
    super::{front_matter::line_of, highlight, model::Step, source::lesson_name},
    Piece, Rendered, escape,
};

/// Collects what a text becomes.
pub struct Writer {
    rendered: Rendered,
    /// HTML since the last exercise.
    html: String,
}

/// A piece of Markdown and where it begins in its file.
struct Text<'a> {
    text: &'a str,
    first: usize,
}

impl Text<'_> {
    fn line(&self, range: &Range<usize>) -> usize {
        self.first + line_of(self.text, range.start) - 1
    }
}

impl Writer {
    pub fn new() -> Self {
        Self {
            rendered: Rendered::default(),
            html: String::new(),
        }
    }

    /// Renders `text`, which begins at line `first` of its file, at the end of what is there.
    pub fn read(&mut self, text: &str, first: usize) {
        let source = Text { text, first };
        let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
        let mut pending = Vec::new();
        while let Some((event, range)) = parser.next() {
            let line = source.line(&range);
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    html::push_html(&mut self.html, pending.drain(..));
                    let code = text_until_code_ends(&mut parser);
                    self.fenced(&kind, &code, line);
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    let inside = events_of_heading(&mut parser);
                    pending.extend(self.heading(level, inside, line));
                }
                Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }) => {
                    let dest_url = self.link(&dest_url, line);
                    pending.push(Event::Start(Tag::Link {
                        link_type,
                        dest_url,
                        title,
                        id,
                    }));
                }
                event => pending.push(event),
            }
        }
        html::push_html(&mut self.html, pending.into_iter());
    }

    /// The end of the text.
    pub fn finish(mut self) -> Rendered {
        self.flush();
        self.rendered
    }

    fn flush(&mut self) {
        if !self.html.trim().is_empty() {
            let html = std::mem::take(&mut self.html);
            self.rendered.pieces.push(Piece::Html(html));
        }
        self.html.clear();
    }

    fn mistake(&mut self, line: usize, message: impl Into<String>) {
        self.rendered.notes.mistakes.push((line, message.into()));
    }

    fn fenced(&mut self, kind: &CodeBlockKind<'_>, code: &str, line: usize) {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "text",
        };
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or_default();
        let flags: Vec<_> = words.collect();
        match language {
            "exercise" => {
                self.flush();
                let id = code.trim().to_owned();
                self.rendered.pieces.push(Piece::Exercise(id, line));
            }
            "predict" => self.predict(code, line),
            "machine" => {
                self.html.push_str(
                    "<aside class=\"own-machine\"><p class=\"aside-title\">On your own machine</p>\n",
                );
                self.read(code, line + 1);
                self.html.push_str("</aside>\n");
            }
            _ => self.code(language, &flags, code, line),
        }
    }

    fn predict(&mut self, code: &str, line: usize) {
        let cut = code
            .split_inclusive('\n')
            .scan(0, |end, line| {
                let start = *end;
                *end += line.len();
                Some((start, *end, line))
            })
            .find(|(_, _, line)| line.trim_end() == "---");
        let Some((question_end, answer_start, _)) = cut else {
            self.mistake(
                line,
                "a `predict` block needs a line `---` between question and answer",
            );
            return;
        };
        self.html
            .push_str("<div class=\"predict\"><p class=\"predict-title\">Predict, then run</p>\n");
        self.read(&code[..question_end], line + 1);
        self.html
            .push_str("<details><summary>Compare with what happens</summary>\n");
        self.read(&code[answer_start..], line + line_of(code, answer_start));
        self.html.push_str("</details></div>\n");
    }

    fn code(&mut self, language: &str, flags: &[&str], code: &str, line: usize) {
        self.rendered
            .notes
            .languages
            .push((line, language.to_owned()));
        let code = code.trim_end_matches('\n');
        let run = match flags {
            [] => false,
            ["run"] if language == "sh" => true,
            other => {
                self.mistake(
                    line,
                    format!("a code block cannot be `{}`", other.join(" ")),
                );
                false
            }
        };
        let class = match (language, run) {
            ("output", _) => "code output",
            (_, true) => "code runnable",
            (_, false) => "code",
        };
        let command = match run {
            true => format!(" data-run=\"{}\"", escape(code)),
            false => String::new(),
        };
        self.html.push_str(&format!(
            "<pre class=\"{class}\"{command}><code class=\"language-{}\">{}</code></pre>\n",
            escape(language),
            highlight::highlight(code, language),
        ));
    }

    fn heading<'e>(
        &mut self,
        level: HeadingLevel,
        inside: Vec<Event<'e>>,
        line: usize,
    ) -> Vec<Event<'e>> {
        let title: String = inside
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        if !matches!(level, HeadingLevel::H2 | HeadingLevel::H3) {
            self.mistake(
                line,
                "headings are `##` and `###`; the title stands in the front matter",
            );
        }
        let id = self.anchor(&title);
        if level == HeadingLevel::H2 {
            self.rendered.steps.push(Step {
                id: id.clone(),
                title,
            });
        }
        let start = Tag::Heading {
            level,
            id: Some(CowStr::from(id)),
            classes: Vec::new(),
            attrs: Vec::new(),
        };
        let mut events = vec![Event::Start(start)];
        events.extend(inside);
        events.push(Event::End(TagEnd::Heading(level)));
        events
    }

    /// An id for a heading that no other heading has.
    fn anchor(&mut self, title: &str) -> String {
        let words: Vec<_> = title
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let base = words.join("-");
        let anchors = &mut self.rendered.notes.anchors;
        let mut id = base.clone();
        let mut count = 1;
        while anchors.contains(&id) {
            count += 1;
            id = format!("{base}-{count}");
        }
        anchors.push(id.clone());
        id
    }

    /// Links to another lesson's file become links to its page.
    fn link<'e>(&mut self, url: &str, line: usize) -> CowStr<'e> {
        self.rendered.notes.links.push((line, url.to_owned()));
        match lesson_link(url) {
            Some((folder, anchor)) => {
                let slug = lesson_name(folder).map_or(folder, |(_, slug)| slug);
                let anchor = anchor
                    .map(|anchor| format!("#{anchor}"))
                    .unwrap_or_default();
                CowStr::from(format!("/lessons/{slug}{anchor}"))
            }
            None => CowStr::from(url.to_owned()),
        }
    }
}

/// The folder and the heading that `../02-layers/lesson.md#cache` points at.
pub fn lesson_link(url: &str) -> Option<(&str, Option<&str>)> {
    let (path, anchor) = match url.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (url, None),
    };
    let folder = path.strip_prefix("../")?.strip_suffix("/lesson.md")?;
    (!folder.contains('/')).then_some((folder, anchor))
}

type Events<'p> = pulldown_cmark::OffsetIter<'p>;

fn text_until_code_ends(parser: &mut Events<'_>) -> String {
    let mut code = String::new();
    for (event, _) in parser.by_ref() {
        match event {
            Event::Text(text) => code.push_str(&text),
            Event::End(TagEnd::CodeBlock) => break,
            _ => {}
        }
    }
    code
}

fn events_of_heading<'p>(parser: &mut Events<'p>) -> Vec<Event<'p>> {
    parser
        .by_ref()
        .map(|(event, _)| event)
        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
        .collect()
}
