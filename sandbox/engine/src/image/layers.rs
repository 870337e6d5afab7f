//! `docker image layers`: for each layer the instruction that made it, what it does to the files below, and what of it
//! is never seen.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    os::fd::AsFd as _,
};

use drydock_api::build::{ImageLayer, ImageLayers, LayerChange, LayerFile};
use drydock_image::{
    Image, Layer,
    config::History,
    layer::{self, What},
};

use super::ImageError;
use crate::{Engine, error::EngineError};

/// Files that are listed of one layer.
const MOST_FILES: usize = 2_000;

/// The layers of an image.
///
/// # Errors
/// No such image, or one that cannot be read.
pub(crate) fn layers(engine: &Engine, name: &str) -> Result<ImageLayers, EngineError> {
    let id = engine.store.resolve(name).map_err(ImageError::from)?;
    let image = engine.store.image(&id).map_err(ImageError::from)?;
    let mut files = Files::default();
    for layer in &image.layers {
        files.add(layer)?;
    }
    let Files { layers: found, .. } = files;
    let wasted = found.iter().map(|layer| layer.wasted).sum();
    Ok(ImageLayers {
        id: id.to_string(),
        size: image.size,
        wasted,
        layers: with_history(&image, found),
    })
}

/// All lines of the history; layers that it does not know come last.
fn with_history(image: &Image, found: Vec<ImageLayer>) -> Vec<ImageLayer> {
    let mut found = found.into_iter();
    let line = |history: &History, layer: Option<ImageLayer>| {
        let created_by = history.created_by.clone().unwrap_or_default();
        ImageLayer {
            instruction: instruction(&created_by, history.comment.as_deref()),
            created_by,
            ..layer.unwrap_or_default()
        }
    };
    let mut lines: Vec<ImageLayer> = Vec::new();
    for history in &image.config.history {
        let layer = if history.empty_layer {
            None
        } else {
            found.next()
        };
        lines.push(line(history, layer));
    }
    lines.extend(found);
    lines
}

/// The instruction as it was written, or nearly so: without the shell, the arguments that it saw, and the builders'
/// marks.
fn instruction(created_by: &str, comment: Option<&str>) -> String {
    let text = created_by.trim_end_matches(" # buildkit").trim();
    if let Some((_, written)) = text.split_once("#(nop) ") {
        return written.trim().to_owned();
    }
    let (run, rest) = match text.strip_prefix("RUN ") {
        Some(rest) => (true, rest),
        None => (
            text.starts_with("/bin/sh -c ") || text.starts_with('|'),
            text,
        ),
    };
    match (run, rest.split_once("/bin/sh -c ")) {
        (true, Some((args, command))) if args.is_empty() || args.starts_with('|') => {
            format!("RUN {command}")
        }
        (true, _) => format!("RUN {rest}"),
        (false, _) if text.is_empty() => comment.unwrap_or_default().to_owned(),
        (false, _) => text.to_owned(),
    }
}

/// What is seen after some layers, and what each of them did.
#[derive(Default)]
struct Files {
    /// By path: which layer's file it is, and its place there.
    seen: BTreeMap<Vec<u8>, (usize, usize)>,
    layers: Vec<ImageLayer>,
    /// By layer: more files than are listed were left out, and their sizes are kept here.
    unlisted: HashMap<(usize, usize), u64>,
}

impl Files {
    fn add(&mut self, layer: &Layer) -> Result<(), EngineError> {
        let dir = File::open(&layer.dir).map_err(EngineError::os("open a layer"))?;
        let listed = layer::list(dir.as_fd(), &layer::Limits::default())
            .map_err(|error| EngineError::Failed(error.to_string()))?;
        let index = self.layers.len();
        self.layers.push(ImageLayer {
            diff_id: Some(layer.diff_id.to_string()),
            size: layer.size,
            ..ImageLayer::default()
        });
        // What it hides first: a directory's opaqueness is about the layers below, not about its own files.
        for it in &listed {
            match it.what {
                What::Whiteout => {
                    if self.hide(&it.path, true) {
                        self.tell(index, &it.path, LayerChange::Deleted, 0);
                    }
                }
                What::OpaqueDirectory => {
                    self.hide(&it.path, false);
                }
                What::File | What::Directory => {}
            }
        }
        for (place, it) in listed.iter().enumerate() {
            let known = self.seen.contains_key(&it.path);
            match it.what {
                What::Whiteout => continue,
                // One that was there is only passed through.
                What::Directory | What::OpaqueDirectory if known => continue,
                _ => {}
            }
            if known {
                self.hide(&it.path, true);
            }
            let change = if known {
                LayerChange::Changed
            } else {
                LayerChange::Added
            };
            let listed = self.tell(index, &it.path, change, it.size);
            let place = listed.unwrap_or(usize::MAX - place);
            if listed.is_none() {
                self.unlisted.insert((index, place), it.size);
            }
            self.seen.insert(it.path.clone(), (index, place));
        }
        Ok(())
    }

    /// A file of a layer; its place in the list, unless that is full.
    fn tell(&mut self, index: usize, path: &[u8], change: LayerChange, size: u64) -> Option<usize> {
        let layer = &mut self.layers[index];
        match change {
            LayerChange::Added => layer.added += 1,
            LayerChange::Changed => layer.changed += 1,
            LayerChange::Deleted => layer.deleted += 1,
        }
        if layer.files.len() >= MOST_FILES {
            layer.truncated = true;
            return None;
        }
        layer.files.push(LayerFile {
            path: String::from_utf8_lossy(path).into_owned(),
            change,
            size,
            hidden: false,
        });
        Some(layer.files.len() - 1)
    }

    /// Hides what is at and below a path, or only below it; whether there was anything.
    fn hide(&mut self, path: &[u8], itself: bool) -> bool {
        let below = [path, b"/"].concat();
        let end = [path, b"0"].concat();
        let inner = self.seen.range(below..end).map(|(path, _)| path.clone());
        let mut gone: Vec<Vec<u8>> = inner.collect();
        if itself && self.seen.contains_key(path) {
            gone.push(path.to_owned());
        }
        for path in &gone {
            let Some((index, place)) = self.seen.remove(path) else {
                continue;
            };
            let layer = &mut self.layers[index];
            match layer.files.get_mut(place) {
                Some(file) => {
                    file.hidden = true;
                    layer.wasted += file.size;
                }
                None => layer.wasted += self.unlisted.get(&(index, place)).copied().unwrap_or(0),
            }
        }
        !gone.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn instructions_read_as_they_were_written() {
        for (created_by, expected) in [
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]"),
            ("/bin/sh -c echo hi", "RUN echo hi"),
            ("|1 V=1 /bin/sh -c echo $V", "RUN echo $V"),
            ("RUN /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |1 V=1 /bin/sh -c make # buildkit", "RUN make"),
            ("RUN make all # buildkit", "RUN make all"),
            ("COPY a b # buildkit", "COPY a b"),
            ("WORKDIR /app", "WORKDIR /app"),
            ("", "Imported from -"),
        ] {
            assert_eq!(instruction(created_by, Some("Imported from -")), expected);
        }
    }

    fn layer(files: &[(&str, &str)]) -> (tempfile::TempDir, Layer) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let layer = Layer {
            diff_id: format!("sha256:{:064x}", files.len()).parse().unwrap(),
            dir: dir.path().to_owned(),
            size: files.iter().map(|(_, text)| text.len() as u64).sum(),
        };
        (dir, layer)
    }

    #[test]
    fn a_file_that_a_later_layer_overwrites_is_wasted() {
        let (_one, lower) = layer(&[("d/a", "1234"), ("d/b", "12")]);
        let (_two, upper) = layer(&[("d/a", "1"), ("e", "")]);
        let mut files = Files::default();
        files.add(&lower).unwrap();
        files.add(&upper).unwrap();
        let [first, second] = files.layers.as_slice() else {
            panic!("{}", files.layers.len());
        };
        assert_eq!((first.added, first.wasted), (3, 4));
        assert_eq!((second.added, second.changed, second.deleted), (1, 1, 0));
        let a = first.files.iter().find(|file| file.path == "d/a").unwrap();
        assert!(a.hidden);
        assert_eq!(second.files[0].change, LayerChange::Changed);
    }

    #[test]
    fn what_is_deleted_is_wasted_with_all_that_is_in_it() {
        let (_one, lower) = layer(&[("d/a", "1234"), ("d.txt", "12"), ("d0", "1")]);
        let mut files = Files::default();
        files.add(&lower).unwrap();
        assert!(files.hide(b"d", true));
        assert!(!files.hide(b"d", true));
        assert_eq!(files.layers[0].wasted, 4);
        assert!(
            files.seen.contains_key(b"d.txt".as_slice())
                && files.seen.contains_key(b"d0".as_slice())
        );
    }
}
