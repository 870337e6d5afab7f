//! A source becomes a catalogue; a broken lesson is left out and told about, the others are served.

use std::sync::Arc;

use super::{
    exercise_file,
    front_matter::{self, Mistake},
    model::{Block, Lesson},
    render::{self, Notes, Piece},
    source::{Files, Source, lesson_name},
};

/// A lesson's text.
pub const LESSON_FILE: &str = "lesson.md";
/// A lesson's exercises.
pub const EXERCISE_FILE: &str = "exercises.toml";
/// The folder of what stands in `/root` at the start.
const ROOT_FILES: &str = "files/";

/// A lesson that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The lesson's folder.
    pub folder: String,
    /// The file that is wrong.
    pub file: String,
    /// The line, from 1, when it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// All lessons that can be served, in order.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    lessons: Vec<Arc<Lesson>>,
}

/// One lesson and what lint needs besides.
pub(super) struct Loaded {
    pub lesson: Lesson,
    pub notes: Notes,
}

impl Catalogue {
    /// Reads all lessons of a source, and tells which were left out.
    #[must_use]
    pub fn load(source: &Source) -> (Self, Vec<Broken>) {
        let (loaded, broken) = load_all(source);
        let lessons = loaded
            .into_iter()
            .map(|loaded| Arc::new(loaded.lesson))
            .collect();
        (Self { lessons }, broken)
    }

    /// The lesson of that id.
    #[must_use]
    pub fn lesson(&self, id: &str) -> Option<&Arc<Lesson>> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }

    /// All lessons, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Lesson>> {
        self.lessons.iter()
    }

    /// How many lessons there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lessons.len()
    }

    /// Whether there is no lesson at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lessons.is_empty()
    }

    /// The lessons before and after this one.
    #[must_use]
    pub fn neighbours(&self, id: &str) -> (Option<&Arc<Lesson>>, Option<&Arc<Lesson>>) {
        let Some(index) = self.lessons.iter().position(|lesson| lesson.id == id) else {
            return (None, None);
        };
        let before = index
            .checked_sub(1)
            .and_then(|index| self.lessons.get(index));
        (before, self.lessons.get(index + 1))
    }
}

pub(super) fn load_all(source: &Source) -> (Vec<Loaded>, Vec<Broken>) {
    let folders = match source.folders() {
        Ok(folders) => folders,
        Err(error) => {
            let broken = Broken {
                folder: String::new(),
                file: source.name("", ""),
                line: None,
                message: format!("the lessons cannot be read: {error}"),
            };
            return (Vec::new(), vec![broken]);
        }
    };
    let mut lessons: Vec<Loaded> = Vec::new();
    let mut broken = Vec::new();
    for (folder, files) in &folders {
        let taken = |id: &str| lessons.iter().any(|other| other.lesson.id == id);
        match load_one(folder, files, taken) {
            Ok(loaded) => lessons.push(loaded),
            Err((file, mistake)) => broken.push(Broken {
                folder: folder.clone(),
                file: source.name(folder, file),
                line: mistake.line,
                message: mistake.message,
            }),
        }
    }
    lessons.sort_by(|a, b| (a.lesson.order, &a.lesson.id).cmp(&(b.lesson.order, &b.lesson.id)));
    (lessons, broken)
}

type FileMistake = (&'static str, Mistake);

fn load_one(
    folder: &str,
    files: &Files,
    taken: impl Fn(&str) -> bool,
) -> Result<Loaded, FileMistake> {
    let in_lesson = |mistake| (LESSON_FILE, mistake);
    let in_exercises = |mistake| (EXERCISE_FILE, mistake);
    let (order, id) = lesson_name(folder).ok_or_else(|| {
        in_lesson(Mistake {
            line: None,
            message: format!("{folder} is no lesson's name"),
        })
    })?;
    if taken(id) {
        let message = format!("another folder has the name {id:?} too");
        return Err(in_lesson(Mistake {
            line: None,
            message,
        }));
    }
    let text = text_of(files, LESSON_FILE).map_err(in_lesson)?;
    let (matter, body, first) = front_matter::split(&text).map_err(in_lesson)?;
    for image in &matter.images {
        check_reference(image).map_err(in_lesson)?;
    }
    let mut exercises = match files.contains_key(EXERCISE_FILE) {
        true => {
            let text = text_of(files, EXERCISE_FILE).map_err(in_exercises)?;
            exercise_file::parse(&text).map_err(in_exercises)?
        }
        false => Vec::new(),
    };
    let rendered = render::lesson(body, first);
    let mut blocks = Vec::with_capacity(rendered.pieces.len());
    let mut placed = Vec::new();
    for piece in rendered.pieces {
        match piece {
            Piece::Html(html) => blocks.push(Block::Html(html)),
            Piece::Exercise(id, line) => {
                let known = exercises.iter().any(|exercise| exercise.id == id);
                if !known || placed.contains(&id) {
                    let what = if known {
                        "stands here a second time"
                    } else {
                        "does not exist"
                    };
                    return Err(in_lesson(Mistake::at(
                        line,
                        format!("exercise {id:?} {what}"),
                    )));
                }
                blocks.push(Block::Exercise(placed.len()));
                placed.push(id);
            }
        }
    }
    if let Some(lost) = exercises
        .iter()
        .find(|exercise| !placed.contains(&exercise.id))
    {
        let message = format!("exercise {:?} stands nowhere in {LESSON_FILE}", lost.id);
        return Err(in_exercises(Mistake::at(lost.line, message)));
    }
    // The text decides the order, so that an index counts along the page.
    exercises.sort_by_key(|exercise| placed.iter().position(|id| *id == exercise.id));
    let lesson = Lesson {
        id: id.to_owned(),
        order,
        folder: folder.to_owned(),
        title: matter.title,
        summary: matter.summary,
        minutes: matter.minutes,
        images: matter.images,
        privileged: matter.privileged,
        registry: matter.registry,
        egress: matter.egress,
        limits: matter.limits,
        steps: rendered.steps,
        blocks,
        exercises,
        files: root_files(files).map_err(in_lesson)?,
    };
    Ok(Loaded {
        lesson,
        notes: rendered.notes,
    })
}

fn text_of(files: &Files, name: &str) -> Result<String, Mistake> {
    let file = files.get(name).ok_or_else(|| Mistake {
        line: None,
        message: "the file is missing".into(),
    })?;
    String::from_utf8(file.bytes.clone()).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        Mistake::at(line, "the file is not UTF-8")
    })
}

fn check_reference(image: &str) -> Result<(), Mistake> {
    match image.parse::<drydock_spec::ImageRef>() {
        Ok(_) => Ok(()),
        Err(error) => Err(Mistake {
            line: None,
            message: format!("images: {image:?}: {error}"),
        }),
    }
}

/// A tar of everything under `files/`, owned by root.
fn root_files(files: &Files) -> Result<Option<Vec<u8>>, Mistake> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut any = false;
    for (path, file) in files {
        let Some(inside) = path.strip_prefix(ROOT_FILES) else {
            continue;
        };
        let mut header = tar::Header::new_gnu();
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_size(file.bytes.len() as u64);
        header.set_mtime(0);
        builder
            .append_data(&mut header, inside, file.bytes.as_slice())
            .map_err(|error| Mistake {
                line: None,
                message: format!("{path}: {error}"),
            })?;
        any = true;
    }
    let tar = builder.into_inner().map_err(|error| Mistake {
        line: None,
        message: error.to_string(),
    })?;
    Ok(any.then_some(tar))
}
