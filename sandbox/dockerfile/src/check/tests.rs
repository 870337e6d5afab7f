mod table;

use self::table::TABLE;
use super::*;
use crate::plan::MAX_BYTES;

fn findings(text: &str, options: &CheckOptions<'_>) -> Vec<(&'static str, String, usize)> {
    let file = Dockerfile::parse(text, "Dockerfile").unwrap();
    let found = check(&file, options).into_iter();
    found
        .map(|it| (it.rule.name, it.message, it.lines.first))
        .collect()
}

fn python(_: &str) -> Option<BaseImage> {
    Some(BaseImage {
        env: vec!["PATH=/bin".into(), "PYTHON_VERSION=3".into()],
        has_shell: false,
    })
}

/// Everything is looked at, base images are known.
fn all() -> CheckOptions<'static> {
    CheckOptions {
        every_stage: true,
        images: Some(&python),
        ..CheckOptions::default()
    }
}

#[test]
fn each_rule_finds_what_docker_says_it_does() {
    for (rule, text, expected) in TABLE {
        let found = findings(text, &all());
        let found: Vec<_> = found.iter().filter(|(name, ..)| name == rule).collect();
        match expected {
            None => assert!(found.is_empty(), "{text}: {found:?}"),
            Some((message, line)) => {
                let (_, told, at) = found.first().unwrap_or_else(|| panic!("{rule}: {text}"));
                assert_eq!((told.as_str(), *at), (*message, *line), "{text}");
                assert_eq!(found.len(), 1, "{text}");
            }
        }
    }
}

#[test]
fn every_rule_but_those_that_need_more_is_in_the_table() {
    for rule in &RULES {
        let elsewhere = ["CopyIgnoredFile", "InvalidBaseImagePlatform"];
        let tested = TABLE
            .iter()
            .any(|(name, _, found)| *name == rule.name && found.is_some());
        assert!(tested || elsewhere.contains(&rule.name), "{}", rule.name);
    }
}

#[test]
fn ignored_files_are_found_when_asked_for_unless_rules_have_exceptions() {
    let text = "# check=experimental=CopyIgnoredFile\nFROM a AS b\nCOPY ./tmp/x y /\nADD tmp/z https://a/tmp /\nCOPY --from=b tmp /";
    let found = |rules: &str| {
        let ignore = DockerIgnore::parse(rules).unwrap();
        let options = CheckOptions {
            ignore: Some(&ignore),
            ..CheckOptions::default()
        };
        let all = findings(text, &options);
        all.into_iter()
            .map(|(_, message, _)| message)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found("tmp"),
        [
            "Attempting to Copy file \"tmp/x\" that is excluded by .dockerignore",
            "Attempting to Add file \"tmp/z\" that is excluded by .dockerignore"
        ]
    );
    assert!(found("tmp\n!tmp/x").is_empty());
}

#[test]
fn rules_are_skipped_as_the_directive_says() {
    let text = "FROM a AS B\nMAINTAINER x\nCMD y";
    let names = |head: &str| {
        let found = findings(&format!("{head}{text}"), &all());
        found.into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
    };
    let three = [
        "StageNameCasing",
        "MaintainerDeprecated",
        "JSONArgsRecommended",
    ];
    assert_eq!(names(""), three);
    assert_eq!(
        names("# check=skip=MaintainerDeprecated,JSONArgsRecommended\n"),
        three[..1]
    );
    assert!(names("# check=skip=all\n").is_empty());
    // The build argument stands in for the directive.
    let options = CheckOptions {
        args: GivenArgs::from([(DIRECTIVE_ARG.into(), Some("skip=all".into()))]),
        ..all()
    };
    assert!(findings(text, &options).is_empty());
}

#[test]
fn a_violation_names_each_rule_once() {
    let file = Dockerfile::parse(
        "# check=error=true\nFROM a\nCMD x\nENTRYPOINT y",
        "Dockerfile",
    )
    .unwrap();
    assert!(file.check.error);
    assert_eq!(
        violation(&check(&file, &all())),
        "lint violation found for rules: JSONArgsRecommended"
    );
}

#[test]
fn only_stages_that_are_needed_are_looked_at() {
    let text = "FROM a AS one\nCMD x\nFROM a AS two\nCMD x\nFROM a AS three\nCOPY --from=two x /\nFROM scratch AS four";
    let lines = |target: Option<&str>, every_stage: bool| {
        let options = CheckOptions {
            target,
            every_stage,
            ..CheckOptions::default()
        };
        let found = findings(text, &options);
        found.into_iter().map(|(.., line)| line).collect::<Vec<_>>()
    };
    assert_eq!(lines(None, true), [2, 4]);
    assert_eq!(lines(None, false), Vec::<usize>::new());
    assert_eq!(lines(Some("three"), false), [4]);
}

#[test]
fn variables_on_an_unknown_image_are_left_alone() {
    let text = "FROM a\nUSER $x\nFROM scratch\nUSER $x";
    let found = findings(
        text,
        &CheckOptions {
            every_stage: true,
            ..CheckOptions::default()
        },
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2, 4);
}

#[test]
fn checks_end_soon_whatever_is_written() {
    let names: String = (0..30_000).map(|n| format!("$a{n}")).collect();
    let stages: String = (0..2_400)
        .map(|n| format!("FROM s{n} AS s{}\nENV a{n}=$a\n", n + 1))
        .collect();
    let doubling = format!("FROM scratch\nARG A=x\n{}", "ARG A=$A$A\n".repeat(40));
    let copies = format!(
        "FROM scratch\nENV A={}\n{}",
        "x".repeat(500_000),
        "ENV B$A=$A$A\n".repeat(4_000)
    );
    for text in [
        format!("FROM scratch\nENV x={names}"),
        format!("FROM {names}"),
        format!("FROM scratch AS s0\n{stages}USER {}", "$b".repeat(100_000)),
        doubling,
        copies,
        "CMD x\n".repeat(4_000).replacen("CMD x", "FROM scratch", 1),
        format!("# check=skip=all\nFROM scratch\nENV x={names}"),
    ] {
        assert!(text.len() < MAX_BYTES);
        let file = Dockerfile::parse(&text, "Dockerfile").unwrap();
        let begin = ran();
        let found = check(&file, &all());
        assert!(found.len() <= 500);
        // Far above what it takes; without bounds it would be hours.
        assert!(ran() - begin < 5_000_000_000, "{:?}", &text[..40]);
    }
}

#[test]
fn a_base_image_of_another_platform_is_told() {
    let found = base_platform("busybox", "linux/arm64", "linux/amd64", Lines::one(1));
    assert_eq!(
        found.message,
        "Base image busybox was pulled with platform \"linux/arm64\", expected \"linux/amd64\" for current build"
    );
    // Docker has no page about it.
    assert_eq!(found.rule.url(), "");
    assert_eq!(
        rule("UndefinedVar").unwrap().url(),
        "https://docs.docker.com/go/dockerfile/rule/undefined-var/"
    );
}

/// What this thread has run so far, in nanoseconds: the first field of its schedstat, so that a busy machine does not count.
fn ran() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}
