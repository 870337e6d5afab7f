//! `docker buildx du|prune`: the records of the build cache.

use std::collections::BTreeSet;

use clap::Args;
use drydock_api::build::CacheRecord;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    buildx::known,
    prune::{Asking, build_cache},
};
use crate::{
    command::{Arity, Command, Exit, Names, Words},
    docker::Docker,
    error::CliError,
    flags::values::{bytes, filter},
    text::{
        size,
        table::{self, Columns, LIST},
        time,
    },
    tty,
};

const RECORDS: &str = "/drydock/v1/build/cache";
const PAIRS: Columns = Columns {
    min_width: 15,
    padding: 2,
};

/// `docker buildx du`.
#[derive(Debug, Args)]
pub struct BuildxDu {
    /// Override the configured builder instance
    #[arg(long, value_name = "string")]
    builder: Option<String>,
    /// Provide filter values
    #[arg(long, value_name = "filter", value_parser = filter)]
    filter: Vec<(String, String)>,
    /// Provide a more verbose output
    #[arg(long)]
    verbose: bool,
    arguments: Vec<String>,
}

impl Command for BuildxDu {
    const WORDS: Words = Words {
        spellings: &["buildx du", "builder du"],
        about: "Disk usage",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        known(self.builder.as_ref())?;
        let mut records: Vec<CacheRecord> = docker.get(RECORDS).await?;
        let filters = Filters::of(&self.filter)?;
        records.retain(|record| filters.mean(record));
        let mut out = if self.verbose {
            records.iter().map(verbose).collect()
        } else {
            table::align(&rows(&records), LIST)
        };
        if self.filter.is_empty() {
            out.push_str(&table::align(&sums(&records), PAIRS));
        }
        tty::print(&out)?;
        Ok(0)
    }
}

/// Which records are meant.
struct Filters<'a>(&'a [(String, String)]);

impl<'a> Filters<'a> {
    fn of(filters: &'a [(String, String)]) -> Result<Self, CliError> {
        const KNOWN: [&str; 7] = [
            "id",
            "parent",
            "type",
            "description",
            "inuse",
            "shared",
            "private",
        ];
        match filters
            .iter()
            .find(|(name, _)| !KNOWN.contains(&name.as_str()))
        {
            Some((name, _)) => Err(CliError::failed(format!("ERROR: invalid filter {name:?}"))),
            None => Ok(Self(filters)),
        }
    }

    fn mean(&self, record: &CacheRecord) -> bool {
        let on = |value: &str| !matches!(value, "false" | "0");
        self.0.iter().all(|(name, value)| match name.as_str() {
            "id" => record.id.starts_with(value.as_str()),
            "parent" => record.parents.iter().any(|p| p.starts_with(value.as_str())),
            "type" => record.kind == *value,
            "description" => record.description.contains(value.as_str()),
            "inuse" => record.in_use == on(value),
            "shared" => record.shared == on(value),
            _ => record.shared != on(value),
        })
    }
}

/// The table's lines, with tabs between the cells.
fn rows(records: &[CacheRecord]) -> String {
    let mut out = String::from("ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\n");
    for record in records {
        let mutable = if is_mutable(record) { "*" } else { "" };
        let shared = if record.shared { "*" } else { "" };
        out.push_str(&format!(
            "{}{mutable}\t{}\t{}{shared}\t{}\n",
            record.id,
            !record.in_use,
            human(record.size),
            used(record).unwrap_or_default()
        ));
    }
    out
}

fn verbose(record: &CacheRecord) -> String {
    let mut out = format!("ID:\t{}\n", record.id);
    let mut pair = |name: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("{name}:\t{}\n", value.replace(['\t', '\n'], " ")));
        }
    };
    pair("Parent", record.parents.join(","));
    pair("Created at", time::go(&record.created));
    pair("Mutable", is_mutable(record).to_string());
    pair("Reclaimable", (!record.in_use).to_string());
    pair("Shared", record.shared.to_string());
    pair("Size", human(record.size));
    pair("Description", record.description.clone());
    pair("Usage count", record.usage_count.to_string());
    pair("Last used", used(record).unwrap_or_default());
    pair("Type", record.kind.clone());
    format!("{}\n", table::align(&out, PAIRS))
}

/// What a build may write to again.
fn is_mutable(record: &CacheRecord) -> bool {
    matches!(record.kind.as_str(), "source.local" | "exec.cachemount")
}

fn sums(records: &[CacheRecord]) -> String {
    let sum = |wanted: fn(&CacheRecord) -> bool| -> u64 {
        let wanted = records.iter().filter(|record| wanted(record));
        wanted.map(|record| record.size).sum()
    };
    let (total, shared) = (sum(|_| true), sum(|record| record.shared));
    let mut out = String::new();
    if shared > 0 {
        out.push_str(&format!(
            "Shared:\t{}\nPrivate:\t{}\n",
            human(shared),
            human(total - shared)
        ));
    }
    out.push_str(&format!(
        "Reclaimable:\t{}\nTotal:\t{}\n",
        human(sum(|record| !record.in_use)),
        human(total)
    ));
    out
}

fn human(bytes: u64) -> String {
    size::long(i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn used(record: &CacheRecord) -> Option<String> {
    let used: Timestamp = record.last_used.as_deref()?.parse().ok()?;
    Some(time::since(used.as_second()))
}

/// `docker buildx prune`.
#[derive(Debug, Args)]
pub struct BuildxPrune {
    /// Include internal/frontend images
    #[arg(short, long)]
    all: bool,
    /// Override the configured builder instance
    #[arg(long, value_name = "string")]
    builder: Option<String>,
    #[command(flatten)]
    asking: Asking,
    #[arg(long, hide = true, value_parser = bytes)]
    keep_storage: Option<i64>,
    /// Maximum amount of disk space allowed to keep for cache
    #[arg(long, value_name = "bytes", value_parser = bytes)]
    max_used_space: Option<i64>,
    /// Amount of disk space always allowed to keep for cache
    #[arg(long, value_name = "bytes", value_parser = bytes)]
    reserved_space: Option<i64>,
    /// Provide a more verbose output
    #[arg(long)]
    verbose: bool,
    arguments: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Pruned {
    caches_deleted: Option<Vec<String>>,
    space_reclaimed: i64,
}

impl Command for BuildxPrune {
    const WORDS: Words = Words {
        spellings: &["buildx prune"],
        about: "Remove build cache",
        usage: "[OPTIONS]",
        arity: Arity::None,
        names: Names::Nothing,
    };

    fn arguments(&self) -> &[String] {
        &self.arguments
    }

    async fn run(self, docker: Docker) -> Result<Exit, CliError> {
        known(self.builder.as_ref())?;
        let warning = if self.all {
            "This will remove all build cache. "
        } else {
            "This will remove all dangling build cache. "
        };
        if !self.asking.agreed(warning)? {
            return Ok(0);
        }
        let filters = self.asking.filters(&docker);
        let keep = self.reserved_space.or(self.max_used_space);
        let path = build_cache(&filters, self.all, keep.or(self.keep_storage).unwrap_or(0));
        let before: Vec<CacheRecord> = docker.get(RECORDS).await.unwrap_or_default();
        let pruned: Pruned = docker.post(&path, &Value::Null).await?;
        let gone: BTreeSet<String> = pruned.caches_deleted.into_iter().flatten().collect();
        let records: Vec<CacheRecord> = before
            .into_iter()
            .filter(|record| gone.contains(&record.id))
            .collect();
        let mut out = if self.verbose {
            records.iter().map(verbose).collect()
        } else if records.is_empty() {
            String::new()
        } else {
            table::align(&rows(&records), LIST)
        };
        let total = size::long(pruned.space_reclaimed);
        out.push_str(&format!("Total:\t{total}\n"));
        tty::print(&out)?;
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, size: u64, in_use: bool) -> CacheRecord {
        CacheRecord {
            id: id.into(),
            size,
            in_use,
            shared: in_use,
            kind: "regular".into(),
            ..CacheRecord::default()
        }
    }

    #[test]
    fn the_summary_tells_what_could_be_had_back() {
        let records = [record("aaa", 1000, false), record("bbb", 500, true)];
        assert_eq!(
            table::align(&sums(&records), PAIRS),
            "Shared:        500B\nPrivate:       1kB\nReclaimable:   1kB\nTotal:         1.5kB\n"
        );
        assert_eq!(
            table::align(&rows(&records), LIST),
            "ID        RECLAIMABLE   SIZE      LAST ACCESSED\naaa       true          1kB       \nbbb       false         500B*     \n"
        );
    }

    #[test]
    fn filters_choose_records() {
        let filters = [("inuse".to_owned(), "true".to_owned())];
        let filters = Filters::of(&filters).unwrap();
        assert!(filters.mean(&record("b", 1, true)) && !filters.mean(&record("a", 1, false)));
        assert!(Filters::of(&[("foo".to_owned(), String::new())]).is_err());
    }
}
