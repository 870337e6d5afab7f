//! The report, golden.

use drydock_api::build::{Lines, Miss, StepReport};

use super::{Style, report};

const PLAIN: Style = Style {
    colored: false,
    columns: 80,
};

fn step(name: &str, misses: &[Miss], size: Option<u64>, millis: u64) -> StepReport {
    StepReport {
        name: name.into(),
        lines: Lines::default(),
        cached: misses.is_empty(),
        misses: misses.to_vec(),
        size,
        millis,
    }
}

fn parent(name: &str) -> Miss {
    Miss::Parent { step: name.into() }
}

#[test]
fn a_copy_too_early_is_told_with_its_mending() {
    let changed = Miss::FileChanged {
        path: "app.py".into(),
    };
    let steps = [
        step("[1/4] FROM python", &[], None, 0),
        step("[2/4] COPY . .", &[changed], Some(12_300), 3),
        step(
            "[3/4] RUN pip install -r requirements.txt",
            &[parent("[2/4] COPY . .")],
            Some(34_100_000),
            8200,
        ),
        step(
            "[4/4] RUN python -m compileall .",
            &[parent("[2/4] COPY . .")],
            Some(900),
            410,
        ),
    ];
    assert_eq!(
        report(&steps, PLAIN),
        "
  STEP                                       CACHE     LAYER      TIME
  [1/4] FROM python                          hit          -       0ms
  [2/4] COPY . .                             MISS    12.3kB       3ms
    app.py changed
  [3/4] RUN pip install -r requirements.txt  MISS    34.1MB      8.2s
    a step above it ran again: COPY . .
  [4/4] RUN python -m compileall .           MISS      900B     410ms
    a step above it ran again: COPY . .

  1 of 4 steps came from the cache, 3 ran, in 8.6s; their layers weigh 34.1MB.

  Only app.py changed, yet RUN pip install -r requirements.txt ran again (8.2s): it stands below \"COPY . .\".
  Copy requirements.txt first, and the rest after that step:

      COPY requirements.txt ./
      RUN pip install -r requirements.txt
      COPY . .
"
    );
}

#[test]
fn what_has_to_run_again_gets_no_advice() {
    let changed = Miss::FileChanged {
        path: "requirements.txt".into(),
    };
    let steps = [
        step("[1/3] FROM python", &[], None, 0),
        step("[2/3] COPY . .", &[changed], Some(1), 3),
        step(
            "[3/3] RUN pip install -r requirements.txt",
            &[parent("[2/3] COPY . .")],
            Some(2),
            8200,
        ),
    ];
    let report = report(&steps, PLAIN);
    assert!(
        report.ends_with("8.2s; their layers weigh 3B.\n"),
        "{report}"
    );
}

#[test]
fn the_first_build_and_a_cached_one_say_so() {
    let first = [
        step("[1/2] FROM busybox", &[], None, 0),
        step("[2/2] RUN true", &[Miss::First], Some(0), 12),
    ];
    assert!(report(&first, PLAIN).contains("first build of this\n"));
    assert!(report(&first, PLAIN).ends_with("every step will be a hit.\n"));
    let again = [
        step("[1/2] FROM busybox", &[], None, 0),
        step("[2/2] RUN true", &[], Some(0), 0),
    ];
    let text = report(&again, PLAIN);
    assert!(
        text.ends_with("All 2 steps came from the cache; their layers weigh 0B.\n"),
        "{text}"
    );
}

#[test]
fn reasons_are_plain_english_and_the_telling_one_hides_the_parent() {
    let misses = [
        Miss::Variable {
            name: "VERSION".into(),
        },
        parent(""),
        Miss::FileAdded { path: "a".into() },
        Miss::FileRemoved { path: "b".into() },
        Miss::MoreFiles { count: 7 },
    ];
    let text = report(&[step("[1/1] COPY . .", &misses, Some(5), 1)], PLAIN);
    assert!(
        text.contains("    a is new, b is gone, and 7 files more\n    build argument or variable VERSION has another value\n\n"),
        "{text}"
    );
}
