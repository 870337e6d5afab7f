//! `docker system df --verbose`: every image, container, volume and step of a build.

use jiff::Timestamp;

use super::{
    df::{CacheEntry, Usage, own_bytes},
    images, ps, volume_ls,
};
use crate::text::{
    list::{self, Defaults, Row, Shape, text},
    quote::short_id,
    size,
    template::{Dialect, Document, Format},
    time,
};

const CACHE: Shape = Shape {
    fields: &[
        ("ID", "CACHE ID"),
        ("CacheType", "CACHE TYPE"),
        ("Size", "SIZE"),
        ("CreatedSince", "CREATED"),
        ("LastUsedSince", "LAST USED"),
        ("UsageCount", "USAGE"),
        ("Shared", "SHARED"),
    ],
    type_name: "*formatter.buildCacheContext",
};

/// One of the four kinds of things.
struct Section {
    name: &'static str,
    title: String,
    shape: &'static Shape,
    table: &'static str,
    rows: Vec<Row>,
}

/// The listing, or what the user's template makes of it.
///
/// # Errors
/// A template's mistake, in Docker's words.
pub fn write(usage: &mut Usage, format: &str) -> Result<String, String> {
    let custom = !matches!(format, "" | "table");
    let sections = sections(usage, custom);
    if custom {
        return fill(&sections, format);
    }
    let mut out = String::new();
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let defaults = Defaults {
            table: section.table,
            quiet: "",
            is_quiet: false,
        };
        out.push_str(&format!("{}\n\n", section.title));
        out.push_str(&list::write(section.shape, "", defaults, &section.rows)?);
    }
    Ok(out)
}

fn fill(sections: &[Section; 4], format: &str) -> Result<String, String> {
    let members: Vec<String> = sections
        .iter()
        .map(|section| {
            let rows: Vec<String> = section.rows.iter().map(list::json).collect();
            format!("\"{}\":[{}]", section.name, rows.join(","))
        })
        .collect();
    let document = format!("{{{}}}", members.join(","));
    if matches!(format, "json" | "{{json .}}") {
        return Ok(format!("{document}\n"));
    }
    let dialect = Dialect {
        type_name: Some("*formatter.diskUsageContext"),
        ..Dialect::default()
    };
    let template = Format::parse(format.trim_start_matches("table").trim(), dialect)?;
    let document = Document::parse(&document).map_err(|error| error.to_string())?;
    Ok(format!("{}\n", template.render(&document)?))
}

fn sections(usage: &mut Usage, no_trunc: bool) -> [Section; 4] {
    let images = usage.images.iter().flatten();
    let containers = usage.containers.iter_mut().flatten();
    let volumes = usage.volumes.iter().flatten();
    let cache = usage.build_cache.as_deref().unwrap_or_default();
    let used = size::long(own_bytes(cache, |_| true));
    [
        Section {
            name: "Images",
            title: "Images space usage:".into(),
            shape: &images::SHAPE,
            table: "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
            rows: images.map(|image| image.first_row(no_trunc)).collect(),
        },
        Section {
            name: "Containers",
            title: "Containers space usage:".into(),
            shape: &ps::SHAPE,
            table: "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
            rows: containers
                .map(|container| container.own_row(no_trunc))
                .collect(),
        },
        Section {
            name: "Volumes",
            title: "Local Volumes space usage:".into(),
            shape: &volume_ls::SHAPE,
            table: "{{.Name}}\t{{.Links}}\t{{.Size}}",
            rows: volumes.map(volume_ls::Volume::row).collect(),
        },
        Section {
            name: "BuildCache",
            title: format!("Build cache usage: {used}"),
            shape: &CACHE,
            table: "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
            rows: cache.iter().map(|entry| entry.row(no_trunc)).collect(),
        },
    ]
}

impl CacheEntry {
    fn row(&self, no_trunc: bool) -> Row {
        let since = |text: &str| {
            let time = text.parse::<Timestamp>().map(Timestamp::as_second);
            time.map_or_else(|_| String::new(), time::since)
        };
        let mut id = if no_trunc {
            self.id.clone()
        } else {
            short_id(&self.id).to_owned()
        };
        if self.in_use {
            id.push('*');
        }
        vec![
            ("ID", text(id)),
            ("CacheType", text(self.kind.as_str())),
            ("Size", text(size::long(self.size))),
            ("CreatedSince", text(since(&self.created_at))),
            (
                "LastUsedSince",
                text(self.last_used_at.as_deref().map(since).unwrap_or_default()),
            ),
            ("UsageCount", text(self.usage_count.to_string())),
            ("Shared", text(self.shared.to_string())),
        ]
    }
}
