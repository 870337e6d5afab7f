//! Dockerfiles that would take hours or all memory end soon, in an error or not, and in little memory.

#![allow(clippy::unwrap_used)]

use std::{fs, time::Duration};

use drydock_dockerfile::{
    Dialect, DockerIgnore, Dockerfile, GivenArgs, Instruction, Wildcard,
    check::{CheckOptions, check},
    parse_trigger,
};

/// Far above what an optimised program needs (tens of milliseconds); without bounds each would take minutes or more.
const MOST: Duration = Duration::from_secs(4);
/// Of the whole program at its peak, in kilobytes.
const MEMORY: u64 = 100 << 10;

/// What a builder does with a Dockerfile before the first step runs.
fn build(text: &str) -> Result<(), String> {
    let file = Dockerfile::parse(text, "Dockerfile").map_err(|error| error.to_string())?;
    let every = CheckOptions {
        every_stage: true,
        ..CheckOptions::default()
    };
    let _ = check(&file, &every);
    let globals = file.globals(&GivenArgs::new(), "linux/amd64", None);
    globals.map_err(|error| error.to_string())?;
    let mut env = vec!["PATH=/bin".to_owned()];
    for step in file.stages.iter().flat_map(|stage| &stage.steps) {
        let resolved = step.instruction.resolve(&env, file.escape);
        let resolved = resolved.map_err(|error| error.to_string())?;
        if let Instruction::Env(pairs) = &resolved {
            env.extend(pairs.iter().map(|(name, value)| format!("{name}={value}")));
            let size: usize = env.iter().map(String::len).sum();
            if size > 1 << 20 {
                return Err("the environment is too large".into());
            }
        }
        let _ = step.display(&env, file.escape);
    }
    Ok(())
}

fn bombs() -> Vec<(&'static str, String)> {
    let nested = |depth: usize| format!("{}x{}", "${a:-".repeat(depth), "}".repeat(depth));
    let doc = "x".repeat(300_000);
    vec![
        (
            "a million instructions",
            format!("FROM a\n{}", "RUN x\n".repeat(1_000_000)),
        ),
        (
            "as many as fit",
            format!("FROM a\n{}", "CMD\n".repeat(200_000)),
        ),
        (
            "a line of 100 MB",
            format!("FROM a\nRUN {}\n", "x".repeat(100 << 20)),
        ),
        (
            "a word as long as fits",
            format!("FROM a\nENV x={}\n", "x".repeat(1_000_000)),
        ),
        (
            "many words",
            format!("FROM a\nCOPY {}\n", "a ".repeat(150_000)),
        ),
        (
            "many pairs",
            format!("FROM a\nENV {}\n", "a=b ".repeat(100_000)),
        ),
        (
            "many flags",
            format!("FROM a\nCOPY {}a b\n", "--exclude=x ".repeat(30_000)),
        ),
        (
            "a long mount",
            format!("FROM a\nRUN --mount={} x\n", "ro,".repeat(100_000)),
        ),
        (
            "alternatives in alternatives",
            format!("FROM scratch\nUSER {}\n", nested(100_000)),
        ),
        (
            "substitutions that never close",
            format!("FROM scratch\nUSER {}\n", "${a:-".repeat(200_000)),
        ),
        ("an ARG that doubles itself", {
            let doubling = "ENV A=$A$A\n".repeat(40);
            format!("FROM scratch\nENV A=x\n{doubling}USER $A")
        }),
        (
            "an ARG before FROM that doubles itself",
            format!("ARG A=x\n{}FROM a$A", "ARG A=$A$A\n".repeat(40)),
        ),
        ("a variable copied many times", {
            let copies: String = (0..4_000).map(|n| format!("ENV a{n}=$A\n")).collect();
            format!("FROM scratch\nENV A={}\n{copies}", "x".repeat(500_000))
        }),
        ("patterns on a long value", {
            let value = "ab".repeat(200_000);
            format!("FROM scratch\nENV A={value}\nUSER ${{A//a*c/x}}${{A//b*d/x}}\n")
        }),
        ("a replacement that grows", {
            let value = "a".repeat(100_000);
            format!("FROM scratch\nENV A={value}\nUSER ${{A//a/$A}}\n")
        }),
        (
            "patterns of stars",
            format!(
                "FROM scratch\nENV A={}\nUSER ${{A#{}b}}\n",
                "a".repeat(9_000),
                "*a".repeat(9_000)
            ),
        ),
        (
            "here-documents",
            format!("FROM a\nRUN <<A <<B <<C\n{doc}\nA\n{doc}\nB\n{doc}\nC\n"),
        ),
        (
            "many here-documents on a line",
            format!("FROM a\nRUN {}\n", "<<E ".repeat(100_000)),
        ),
        (
            "a here-document that never ends",
            format!("FROM a\nRUN <<E\n{}", "x\n".repeat(400_000)),
        ),
        (
            "an inline file of variables",
            format!("FROM scratch\nCOPY <<E /x\n{}\nE\n", "$PATH".repeat(60_000)),
        ),
        (
            "continuations",
            format!("FROM a\nRUN {}x\n", "\\\n".repeat(400_000)),
        ),
        ("comments", "# x\n".repeat(250_000)),
        ("stages on stages", {
            let stages: String = (0..4_900)
                .map(|n| format!("FROM s{n} AS s{}\n", n + 1))
                .collect();
            format!("FROM a AS s0\n{stages}")
        }),
        (
            "a deep JSON array",
            format!("FROM a\nRUN {}\n", "[".repeat(500_000)),
        ),
        (
            "a JSON array of many strings",
            format!("FROM a\nRUN [{}\"a\"]\n", "\"a\",".repeat(200_000)),
        ),
        (
            "ONBUILD in ONBUILD",
            format!("FROM a\n{}RUN x\n", "ONBUILD ".repeat(100_000)),
        ),
        (
            "an unknown instruction",
            format!("FROM a\n{}\n", "X".repeat(900_000)),
        ),
        (
            "quotes",
            format!("FROM a\nENV a={}\n", "\"'".repeat(400_000)),
        ),
    ]
}

#[test]
fn bombs_end_soon_and_in_little_memory() {
    let before = peak();
    for (name, text) in bombs() {
        let begin = ran();
        let result = build(&text);
        let took = ran() - begin;
        eprintln!(
            "{took:>10.1?}  {name}: {}",
            result
                .err()
                .unwrap_or_default()
                .chars()
                .take(90)
                .collect::<String>()
        );
        assert!(took < MOST, "{name} took {took:?}");
    }
    // The largest bomb itself is 100 MB of text.
    let used = peak().saturating_sub(before);
    assert!(used < MEMORY + (110 << 10), "{used} kB");

    let begin = ran();
    let stars = format!("{}b", "**/a*".repeat(50_000));
    assert!(parse_trigger(&"RUN x\n".repeat(100_000), Dialect::BuildKit).is_err());
    let _ = DockerIgnore::parse(&stars).map(|ignore| ignore.matches(&"a/".repeat(100)));
    let _ = Wildcard::parse(&stars).map(|wildcard| wildcard.is_match(&"a".repeat(200)));
    assert!(ran() - begin < MOST);
}

/// The most memory that the program had at once, in kilobytes: `VmHWM` of proc_pid_status(5).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().split(' ').next();
    number.unwrap().parse().unwrap()
}

/// What this thread has run so far, so that a busy machine does not count: the first field of its schedstat.
fn ran() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}
