//! An image's layers: how many, shared with whom, how much is wasted.

use std::time::Duration;

use serde::Deserialize;

use super::image::no_image;
use crate::grading::{
    Finding, GraderError, Verdict,
    evidence::Evidence,
    probe::{Probe, Ran},
    wire,
};

/// What this kind can report.
pub const CONDITIONS: &[&str] = &[
    "missing",
    "other-missing",
    "too-few",
    "too-many",
    "not-shared",
    "size",
    "wasted",
];

/// `layers = { image = "notes:slim", smaller-than = { image = "notes:fat", percent = 60 } }`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layers {
    /// The image.
    pub image: String,
    /// The fewest layers it may have.
    pub at_least: Option<usize>,
    /// The most layers it may have.
    pub at_most: Option<usize>,
    /// Its lowest layers are those of this image.
    pub on_top_of: Option<String>,
    /// It is at most so large, compared with another.
    pub smaller_than: Option<SmallerThan>,
    /// The most KiB that lower layers may hold and upper layers hide.
    pub wasted_at_most_kib: Option<u64>,
}

/// A bound relative to another image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmallerThan {
    /// The other image.
    pub image: String,
    /// Of its size.
    pub percent: u64,
}

impl Layers {
    pub(super) async fn evaluate(&self, evidence: &Evidence<'_>) -> Result<Verdict, GraderError> {
        let Some(image) = evidence.image(&self.image).await? else {
            return Ok(no_image("missing", &self.image));
        };
        if let Some(finding) = self.count(&image) {
            return Ok(finding.into());
        }
        if let Some(name) = &self.on_top_of {
            let Some(base) = evidence.image(name).await? else {
                return Ok(no_image("other-missing", name));
            };
            if let Some(finding) = on_top_of(&image, &base, name) {
                return Ok(finding.into());
            }
        }
        if let Some(bound) = &self.smaller_than {
            let Some(other) = evidence.image(&bound.image).await? else {
                return Ok(no_image("other-missing", &bound.image));
            };
            if let Some(finding) = bound.judge(&image, &other) {
                return Ok(finding.into());
            }
        }
        if let Some(bound) = self.wasted_at_most_kib
            && let Some(visible) = visible_kib(&self.image, evidence).await?
            && let Some(finding) = wasted(image.size / 1024, visible, bound)
        {
            return Ok(finding.into());
        }
        Ok(Verdict::Pass)
    }

    fn count(&self, image: &wire::Image) -> Option<Finding> {
        let found = image.root_fs.layers.len();
        let compared = |condition, words: &str, bound: usize| {
            Finding::wrong(condition, format!("The image has too {words} layers."))
                .compared(bound.to_string(), found.to_string())
        };
        match (self.at_least, self.at_most) {
            (Some(bound), _) if found < bound => Some(compared("too-few", "few", bound)),
            (_, Some(bound)) if found > bound => Some(compared("too-many", "many", bound)),
            _ => None,
        }
    }
}

impl SmallerThan {
    fn judge(&self, image: &wire::Image, other: &wire::Image) -> Option<Finding> {
        let bound = other.size.saturating_mul(self.percent) / 100;
        (image.size > bound).then(|| {
            Finding::wrong(
                "size",
                format!("The image is too large beside {}.", self.image),
            )
            .compared(
                format!("at most {}", megabytes(bound)),
                megabytes(image.size),
            )
        })
    }
}

fn on_top_of(image: &wire::Image, base: &wire::Image, name: &str) -> Option<Finding> {
    let (layers, below) = (&image.root_fs.layers, &base.root_fs.layers);
    (!layers.starts_with(below)).then(|| {
        let shared = layers.iter().zip(below).take_while(|(a, b)| a == b).count();
        Finding::wrong(
            "not-shared",
            format!("The image does not stand on the layers of {name}."),
        )
        .compared(
            format!("all {} layers of {name}", below.len()),
            format!("{shared} shared"),
        )
    })
}

fn wasted(stored: u64, visible: u64, bound: u64) -> Option<Finding> {
    let hidden = stored.saturating_sub(visible);
    (hidden > bound).then(|| {
        Finding::wrong(
            "wasted",
            "Lower layers hold data that nobody can see any more.",
        )
        .compared(
            format!("at most {bound} KiB hidden"),
            format!("{hidden} KiB"),
        )
    })
}

/// Adds up every file but the kernel's own. Not `du -x /`: files of an overlay may be of another
/// device than the directories that they are in.
const ADD_UP: &str = "for entry in /* /.[!.]*; do case $entry in /proc|/sys|/dev) ;; *) echo \"$entry\" ;; esac; done | xargs du -c -k | tail -n 1";

/// What a container of the image sees, in KiB; `None` when the image has no shell and `du` to ask.
async fn visible_kib(image: &str, evidence: &Evidence<'_>) -> Result<Option<u64>, GraderError> {
    let probe = Probe {
        image: image.into(),
        entrypoint: Some(vec!["sh".into()]),
        args: vec!["-c".into(), ADD_UP.into()],
        user: Some("0".into()),
        time: Duration::from_secs(10),
        ..Probe::default()
    };
    Ok(match probe.run(evidence).await? {
        Ran::Exited(output) => output
            .stdout
            .split_whitespace()
            .next()
            .and_then(|kib| kib.parse().ok()),
        Ran::StillRunning(_) | Ran::DidNotStart(_) => None,
    })
}

/// A size as Docker prints it.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = (bytes + 50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(size: u64, layers: &[&str]) -> wire::Image {
        wire::Image {
            size,
            root_fs: wire::RootFs {
                layers: layers.iter().map(|&layer| layer.into()).collect(),
            },
            ..wire::Image::default()
        }
    }

    #[test]
    fn a_size_is_judged_beside_another_image() {
        let bound = SmallerThan {
            image: "fat".into(),
            percent: 50,
        };
        assert_eq!(bound.judge(&image(50, &[]), &image(100, &[])), None);
        let finding = bound
            .judge(&image(5_100_000, &[]), &image(10_000_000, &[]))
            .expect("too large");
        assert_eq!(finding.condition, "size");
        assert_eq!(finding.expected.as_deref(), Some("at most 5.0 MB"));
        assert_eq!(finding.found.as_deref(), Some("5.1 MB"));
    }

    #[test]
    fn an_image_stands_on_its_base_only_when_all_its_layers_are_lowest() {
        let base = image(0, &["a", "b"]);
        assert_eq!(on_top_of(&image(0, &["a", "b", "c"]), &base, "base"), None);
        assert!(on_top_of(&image(0, &["a", "c"]), &base, "base").is_some());
        assert!(on_top_of(&image(0, &["c", "a", "b"]), &base, "base").is_some());
    }

    #[test]
    fn hidden_data_is_what_is_stored_and_not_seen() {
        assert_eq!(wasted(5000, 4900, 200), None);
        assert_eq!(wasted(5000, 5100, 0), None);
        let finding = wasted(9000, 4900, 200).expect("wasted");
        assert_eq!(finding.found.as_deref(), Some("4100 KiB"));
    }

    #[test]
    fn layers_are_counted() {
        let bounds = |at_least, at_most| Layers {
            image: "x".into(),
            at_least,
            at_most,
            on_top_of: None,
            smaller_than: None,
            wasted_at_most_kib: None,
        };
        let three = image(0, &["a", "b", "c"]);
        assert_eq!(bounds(Some(3), Some(3)).count(&three), None);
        let condition = |bounds: Layers| bounds.count(&three).map(|finding| finding.condition);
        assert_eq!(condition(bounds(Some(4), None)), Some("too-few"));
        assert_eq!(condition(bounds(None, Some(2))), Some("too-many"));
    }
}
