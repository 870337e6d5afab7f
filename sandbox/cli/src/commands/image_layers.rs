//! `docker image layers`: what each layer of an image holds. Ours alone.

use clap::Args;
use drydock_api::build::{ImageLayer, ImageLayers, LayerChange, LayerFile};

use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::{Docker, segment},
    error::CliError,
    text::{
        list::{self, Defaults, Row, Shape, text},
        quote::ellipsis,
        size,
    },
    tty,
};

const SHAPE: Shape = Shape {
    fields: &[
        ("Layer", "LAYER"),
        ("Instruction", "INSTRUCTION"),
        ("CreatedBy", "CREATED BY"),
        ("DiffID", "DIFF ID"),
        ("Size", "SIZE"),
        ("Added", "ADDED"),
        ("Changed", "CHANGED"),
        ("Deleted", "DELETED"),
        ("Wasted", "WASTED"),
    ],
    type_name: "*image.layersContext",
};

/// `docker image layers`.
#[derive(Debug, Args)]
pub struct ImageLayersCommand {
    /// List the files of each layer
    #[arg(long)]
    files: bool,
    /// Format output: 'table' (default), 'table TEMPLATE', 'json', or a Go template for each layer
    #[arg(long, value_name = "string", default_value = "")]
    format: String,
    /// Don't truncate output
    #[arg(long)]
    no_trunc: bool,
    arguments: Vec<String>,
}

impl Command for ImageLayersCommand {
    const WORDS: Words = Words {
        spellings: &["image layers"],
        about: "Show what each layer of an image holds",
        usage: "[OPTIONS] IMAGE",
        arity: Arity::Exactly(1),
        names: Names::Images,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        let path = format!("/drydock/v1/images/{}/layers", segment(&self.arguments[0]));
        if self.format == "json" {
            let json = docker.try_get_text(&path).await;
            let json = json.map_err(|error| docker.fail(error))?;
            tty::print(&format!("{json}\n"))?;
            return Ok(0);
        }
        let image: ImageLayers = docker.get(&path).await?;
        tty::print(&self.shown(&image).map_err(CliError::failed)?)?;
        Ok(0)
    }
}

impl ImageLayersCommand {
    fn shown(&self, image: &ImageLayers) -> Result<String, String> {
        let defaults = Defaults {
            table: "{{.Layer}}\t{{.Instruction}}\t{{.Size}}\t{{.Added}}\t{{.Changed}}\t{{.Deleted}}\t{{.Wasted}}",
            quiet: "",
            is_quiet: false,
        };
        let rows = self.rows(image);
        let table = list::write(&SHAPE, &self.format, defaults, &rows)?;
        if !self.format.is_empty() && self.format != "table" {
            return Ok(table);
        }
        Ok(if self.files {
            format!("{}\n{}", with_files(&table, image), total(image))
        } else {
            format!("{table}\n{}", total(image))
        })
    }

    fn rows(&self, image: &ImageLayers) -> Vec<Row> {
        let mut number = 0;
        let rows = image.layers.iter().map(|layer| {
            let is_layer = layer.diff_id.is_some();
            number += usize::from(is_layer);
            self.row(layer, is_layer.then_some(number))
        });
        rows.collect()
    }

    fn row(&self, layer: &ImageLayer, number: Option<usize>) -> Row {
        let counted = |count: usize| {
            text(if number.is_some() {
                count.to_string()
            } else {
                String::new()
            })
        };
        let instruction = layer.instruction.replace(['\t', '\n'], " ");
        vec![
            ("Layer", text(number.map_or("-".into(), |n| n.to_string()))),
            (
                "Instruction",
                text(if self.no_trunc {
                    instruction
                } else {
                    ellipsis(&instruction, 45)
                }),
            ),
            ("CreatedBy", text(layer.created_by.as_str())),
            ("DiffID", text(layer.diff_id.clone().unwrap_or_default())),
            ("Size", text(human(layer.size))),
            ("Added", counted(layer.added)),
            ("Changed", counted(layer.changed)),
            ("Deleted", counted(layer.deleted)),
            ("Wasted", text(human(layer.wasted))),
        ]
    }
}

/// The table's lines, each with its layer's files beneath.
fn with_files(table: &str, image: &ImageLayers) -> String {
    let mut lines = table.lines();
    let mut out = format!("{}\n", lines.next().unwrap_or_default());
    for (line, layer) in lines.zip(&image.layers) {
        out.push_str(&format!("{line}\n"));
        for file in &layer.files {
            out.push_str(&format!("    {}\n", file_line(file)));
        }
        if layer.truncated {
            out.push_str("    and more: these are the largest\n");
        }
    }
    out
}

fn file_line(file: &LayerFile) -> String {
    let mark = match file.change {
        LayerChange::Added => 'A',
        LayerChange::Changed => 'C',
        LayerChange::Deleted => 'D',
    };
    let size = match file.change {
        LayerChange::Deleted => String::new(),
        LayerChange::Added | LayerChange::Changed => human(file.size),
    };
    let hidden = if file.hidden {
        "  (a later layer hides it)"
    } else {
        ""
    };
    let path = file.path.replace(|c: char| c.is_control(), "?");
    format!("{mark} {size:>8}  /{path}{hidden}")
}

fn total(image: &ImageLayers) -> String {
    let layers = image.layers.iter().filter(|layer| layer.diff_id.is_some());
    let count = match layers.count() {
        1 => "1 layer".to_owned(),
        count => format!("{count} layers"),
    };
    let wasted = match image.wasted {
        0 => "nothing of it is wasted".to_owned(),
        wasted => format!(
            "{} of it wasted: files that a later layer overwrites or deletes are carried along all the same",
            human(wasted)
        ),
    };
    format!("{} in {count}, {wasted}.\n", human(image.size))
}

fn human(bytes: u64) -> String {
    size::short(i64::try_from(bytes).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> ImageLayers {
        let file = |path: &str, change, size, hidden| LayerFile {
            path: path.into(),
            change,
            size,
            hidden,
        };
        let layer = |instruction: &str, files: Vec<LayerFile>| ImageLayer {
            instruction: instruction.into(),
            diff_id: (!files.is_empty()).then(|| "sha256:0".into()),
            size: files.iter().map(|file| file.size).sum(),
            added: files
                .iter()
                .filter(|f| f.change == LayerChange::Added)
                .count(),
            deleted: files
                .iter()
                .filter(|f| f.change == LayerChange::Deleted)
                .count(),
            wasted: files.iter().filter(|f| f.hidden).map(|f| f.size).sum(),
            files,
            ..ImageLayer::default()
        };
        ImageLayers {
            id: "sha256:1".into(),
            layers: vec![
                layer(
                    "COPY big /big",
                    vec![file("big", LayerChange::Added, 5000, true)],
                ),
                layer(
                    "RUN rm /big",
                    vec![file("big", LayerChange::Deleted, 0, false)],
                ),
                layer("CMD [\"sh\"]", Vec::new()),
            ],
            size: 5000,
            wasted: 5000,
        }
    }

    fn shown(files: bool) -> String {
        let command = ImageLayersCommand {
            files,
            format: String::new(),
            no_trunc: false,
            arguments: Vec::new(),
        };
        command.shown(&image()).unwrap()
    }

    #[test]
    fn what_a_later_layer_deletes_is_still_carried() {
        assert_eq!(
            shown(false),
            "LAYER     INSTRUCTION     SIZE      ADDED     CHANGED   DELETED   WASTED
1         COPY big /big   5kB       1         0         0         5kB
2         RUN rm /big     0B        0         0         1         0B
-         CMD [\"sh\"]      0B                                      0B

5kB in 2 layers, 5kB of it wasted: files that a later layer overwrites or deletes are carried along all the same.
"
        );
    }

    #[test]
    fn files_stand_under_their_layer() {
        let text = shown(true);
        assert!(
            text.contains("5kB\n    A      5kB  /big  (a later layer hides it)\n2 "),
            "{text}"
        );
        assert!(text.contains("    D           /big\n-"), "{text}");
    }
}
