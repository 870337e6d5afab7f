//! `docker top`: the processes of a container, read from `/proc`, with the columns of `ps`.
//!
//! - [`args`]: which columns are asked for, in the ways of `ps`.
//! - [`columns`]: all that there are. [`row`]: what `/proc` says of a process.

mod args;
mod columns;
mod row;

use std::{cmp::Ordering, collections::BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use self::{columns::Machine, row::Row};
use crate::{Engine, error::EngineError, exec::Target};

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Top {
    pub processes: Vec<Vec<String>>,
    pub titles: Vec<&'static str>,
}

/// The processes of a running container. Blocks.
pub(crate) fn top(engine: &Engine, target: &Target, args: &str) -> Result<Top, EngineError> {
    let layout = args::parse(args)?;
    let mut roots = BTreeSet::new();
    match target {
        Target::Workstation => {
            roots.insert(engine.workstation.pid());
        }
        Target::Container(container) => {
            let process = container.state().process;
            let process =
                process.ok_or_else(|| EngineError::NotRunning(container.id.to_string()))?;
            roots.insert(process.pid());
            roots.extend(engine.execs.pids_of(&container.id));
        }
    }
    let rows = row::read_all();
    let machine = Machine {
        visible: rows.iter().map(|row| (row.pid, row.visible)).collect(),
        boot: row::boot_time(),
        memory_kib: row::memory_kib(),
        now: Timestamp::now(),
    };
    let own = descendants(&rows, roots);
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| own.contains(&row.pid))
        .collect();
    for (column, backwards) in layout.sort.iter().rev() {
        rows.sort_by(|one, other| {
            let order = natural(
                &(column.cell)(one, &machine),
                &(column.cell)(other, &machine),
            );
            if *backwards { order.reverse() } else { order }
        });
    }
    let titles: Vec<_> = layout.columns.iter().map(|column| column.title).collect();
    let line = |row: &Row| {
        let cells = layout
            .columns
            .iter()
            .map(|column| (column.cell)(row, &machine));
        fields(&cells.collect::<Vec<_>>().join(" "), titles.len())
    };
    Ok(Top {
        processes: rows.iter().map(line).collect(),
        titles,
    })
}

/// Numbers by their value, other cells as text.
fn natural(one: &str, other: &str) -> Ordering {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.total_cmp(&other),
        _ => one.cmp(other),
    }
}

/// Docker splits what `ps` prints at blanks; all that is left is the last field's.
fn fields(line: &str, titles: usize) -> Vec<String> {
    let mut words = line.split_ascii_whitespace();
    let before = titles.saturating_sub(1);
    let mut fields: Vec<String> = words.by_ref().take(before).map(Into::into).collect();
    fields.push(words.collect::<Vec<_>>().join(" "));
    fields
}

/// A container's first process adopts its orphans, so all of its processes descend from the roots.
fn descendants(rows: &[Row], roots: BTreeSet<i32>) -> BTreeSet<i32> {
    let mut found = roots;
    loop {
        let before = found.len();
        for row in rows {
            if found.contains(&row.parent) {
                found.insert(row.pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_as_many_fields_as_titles_and_the_last_takes_the_rest() {
        let line = |cells: &[&str], titles| fields(&cells.join(" "), titles);
        assert_eq!(line(&["1", "sh -c x"], 2), ["1", "sh -c x"]);
        assert_eq!(line(&["1", "Sat Nov 28", "x"], 3), ["1", "Sat", "Nov 28 x"]);
    }

    #[test]
    fn only_descendants_are_shown() {
        let row = |pid, parent| Row {
            pid,
            parent,
            ..Row::default()
        };
        let rows = [row(5, 4), row(4, 2), row(2, 1), row(3, 1)];
        assert_eq!(descendants(&rows, [2].into()), [2, 4, 5].into());
    }
}
