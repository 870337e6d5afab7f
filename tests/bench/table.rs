//! Samples, and the table they end in.

use std::time::{Duration, Instant};

/// What a figure is counted in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    /// Mebibytes: less is better, as of time.
    Megabytes,
    /// Megabytes in a second: more is better.
    Throughput,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds if value >= 100.0 => format!("{value:.0} ms"),
            Self::Milliseconds if value >= 10.0 => format!("{value:.1} ms"),
            Self::Milliseconds => format!("{value:.2} ms"),
            Self::Megabytes => format!("{value:.1} MiB"),
            Self::Throughput => format!("{value:.1} MB/s"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// Repeated measurements of one thing.
#[derive(Clone, Default)]
pub struct Samples(pub Vec<f64>);

impl Samples {
    /// Takes `count` samples, in milliseconds, after one that is not counted.
    pub fn time(count: usize, mut work: impl FnMut()) -> Self {
        work();
        let one = |_| {
            let start = Instant::now();
            work();
            milliseconds(start.elapsed())
        };
        Self((0..count).map(one).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        }
    }

    fn show(&self, unit: Unit) -> String {
        let sorted = self.sorted();
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        if sorted.len() == 1 {
            return format!("{}, n=1", unit.show(least));
        }
        format!(
            "{} ({}–{}, n={})",
            unit.show(self.median()),
            unit.show(least),
            unit.show(most),
            sorted.len()
        )
    }
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

struct Row {
    name: String,
    ours: String,
    beside: String,
    ratio: String,
}

/// The figures so far.
pub struct Table {
    filter: String,
    rows: Vec<Row>,
}

impl Table {
    pub fn new(filter: &str) -> Self {
        Self {
            filter: filter.to_owned(),
            rows: Vec::new(),
        }
    }

    /// Whether this figure was asked for; says that it is being taken.
    pub fn wants(&self, name: &str) -> bool {
        let wanted = name.contains(&self.filter);
        if wanted {
            eprintln!("measuring: {name}");
        }
        wanted
    }

    /// A figure of ours, and others beside it: `(who, samples)`.
    pub fn add(&mut self, name: &str, unit: Unit, ours: &Samples, others: &[(&str, &Samples)]) {
        let mut row = Row {
            name: name.to_owned(),
            ours: ours.show(unit),
            beside: String::new(),
            ratio: String::new(),
        };
        if others.is_empty() {
            self.rows.push(row);
            return;
        }
        for (who, theirs) in others {
            row.beside = format!("{who}: {}", theirs.show(unit));
            let (theirs, ours) = (theirs.median(), ours.median());
            let ratio = if unit == Unit::Throughput {
                ours / theirs
            } else {
                theirs / ours
            };
            row.ratio = format!("{ratio:.1}×");
            self.rows.push(std::mem::replace(
                &mut row,
                Row {
                    name: String::new(),
                    ours: String::new(),
                    beside: String::new(),
                    ratio: String::new(),
                },
            ));
        }
    }

    pub fn print(&self) {
        let heads = [
            "",
            "Drydock: median (min–max, n)",
            "the same work beside it",
            "ratio",
        ];
        let mut lines: Vec<[&str; 4]> = vec![heads];
        lines.extend(
            self.rows
                .iter()
                .map(|row| [row.name.as_str(), &row.ours, &row.beside, &row.ratio]),
        );
        let widths: [usize; 4] = std::array::from_fn(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        });
        println!();
        for (number, line) in lines.iter().enumerate() {
            println!("| {} |", join(line, widths, ' '));
            if number == 0 {
                println!(
                    "|-{}-|",
                    join(&["", "", "", ""], widths, '-').replace(" | ", "-|-")
                );
            }
        }
    }
}

fn join(cells: &[&str; 4], widths: [usize; 4], fill: char) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let missing = width - cell.chars().count();
        format!("{cell}{}", fill.to_string().repeat(missing))
    });
    padded.collect::<Vec<_>>().join(" | ")
}
