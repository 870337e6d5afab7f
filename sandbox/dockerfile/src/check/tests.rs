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

/// Rule, Dockerfile, message and line; without a message nothing is found.
type Row = (&'static str, &'static str, Option<(&'static str, usize)>);

const TABLE: &[Row] = &[
    (
        "StageNameCasing",
        "FROM alpine AS Base",
        Some(("Stage name 'Base' should be lowercase", 1)),
    ),
    ("StageNameCasing", "FROM alpine AS base", None),
    (
        "FromAsCasing",
        "FROM alpine as b",
        Some(("'as' and 'FROM' keywords' casing do not match", 1)),
    ),
    ("FromAsCasing", "from alpine as b", None),
    (
        "FromAsCasing",
        "FROM --platform=$BUILDPLATFORM alpine AS b",
        None,
    ),
    (
        "NoEmptyContinuation",
        "FROM alpine\nRUN a \\\n\n b",
        Some(("Empty continuation line", 4)),
    ),
    (
        "NoEmptyContinuation",
        "FROM alpine\nRUN a \\\n # x\n b",
        None,
    ),
    (
        "ConsistentInstructionCasing",
        "FROM alpine\nRun a",
        Some((
            "Command 'Run' should match the case of the command majority (uppercase)",
            2,
        )),
    ),
    (
        "ConsistentInstructionCasing",
        "from alpine\nrun a\nUSER b",
        Some((
            "Command 'USER' should match the case of the command majority (lowercase)",
            3,
        )),
    ),
    ("ConsistentInstructionCasing", "from alpine\nrun a", None),
    (
        "DuplicateStageName",
        "FROM alpine AS a\nFROM alpine AS a",
        Some((
            "Duplicate stage name \"a\", stage names should be unique",
            2,
        )),
    ),
    (
        "ReservedStageName",
        "FROM alpine AS scratch",
        Some((
            "Stage name should not use the same name as reserved stage \"scratch\"",
            1,
        )),
    ),
    (
        "JSONArgsRecommended",
        "FROM alpine\nCMD a",
        Some((
            "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
            2,
        )),
    ),
    ("JSONArgsRecommended", "FROM alpine\nCMD [\"a\"]", None),
    (
        "JSONArgsRecommended",
        "FROM alpine\nSHELL [\"a\"]\nENTRYPOINT a",
        None,
    ),
    (
        "MaintainerDeprecated",
        "FROM alpine\nMAINTAINER me",
        Some((
            "Maintainer instruction is deprecated in favor of using label",
            2,
        )),
    ),
    (
        "UndefinedArgInFrom",
        "ARG VARIANT=1\nFROM a:${VARAINT}x",
        Some((
            "FROM argument 'VARAINT' is not declared (did you mean VARIANT?)",
            2,
        )),
    ),
    (
        "UndefinedArgInFrom",
        "ARG VARIANT\nFROM a:${VARIANT:-x}",
        None,
    ),
    (
        "UndefinedArgInFrom",
        "FROM --platform=$BUILDPLATFORM a",
        None,
    ),
    (
        "WorkdirRelativePath",
        "FROM a\nWORKDIR usr/app",
        Some((
            "Relative workdir \"usr/app\" can have unexpected results if the base image changes",
            2,
        )),
    ),
    (
        "WorkdirRelativePath",
        "FROM a\nWORKDIR /usr\nWORKDIR app",
        None,
    ),
    (
        "WorkdirRelativePath",
        "FROM a AS b\nWORKDIR /usr\nFROM b\nWORKDIR app",
        None,
    ),
    (
        "UndefinedVar",
        "FROM a\nCOPY $foo .",
        Some(("Usage of undefined variable '$foo'", 2)),
    ),
    ("UndefinedVar", "FROM a\nARG foo\nCOPY $foo .", None),
    (
        "UndefinedVar",
        "FROM a\nARG V=$foo",
        Some(("Usage of undefined variable '$foo'", 2)),
    ),
    ("UndefinedVar", "FROM a\nARG V=$PYTHON_VERSION", None),
    (
        "UndefinedVar",
        "FROM a\nENV PATH=$PAHT:/app",
        Some((
            "Usage of undefined variable '$PAHT' (did you mean $PATH?)",
            2,
        )),
    ),
    (
        "UndefinedVar",
        "FROM a\nRUN echo $x\nCMD echo $y\nEXPOSE $z",
        None,
    ),
    (
        "UndefinedVar",
        "FROM a AS b\nENV x=1\nFROM b\nUSER $x",
        None,
    ),
    (
        "UndefinedVar",
        "ARG g=1\nFROM a\nUSER $g",
        Some(("Usage of undefined variable '$g'", 3)),
    ),
    (
        "UndefinedVar",
        "FROM a\nCOPY <<E /\n$x\nE",
        Some(("Usage of undefined variable '$x'", 2)),
    ),
    ("UndefinedVar", "FROM a\nCOPY <<'E' /\n$x\nE", None),
    (
        "MultipleInstructionsDisallowed",
        "FROM a\nENTRYPOINT [\"x\"]\nENTRYPOINT [\"y\"]",
        Some((
            "Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used",
            2,
        )),
    ),
    (
        "MultipleInstructionsDisallowed",
        "FROM a AS b\nCMD [\"x\"]\nFROM b\nCMD [\"y\"]",
        None,
    ),
    (
        "LegacyKeyValueFormat",
        "FROM a\nENV DIR /x",
        Some((
            "\"ENV key=value\" should be used instead of legacy \"ENV key value\" format",
            2,
        )),
    ),
    (
        "LegacyKeyValueFormat",
        "FROM a\nLABEL x y=z",
        Some((
            "\"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format",
            2,
        )),
    ),
    ("LegacyKeyValueFormat", "FROM a\nENV DIR=/x", None),
    (
        "RedundantTargetPlatform",
        "FROM --platform=$TARGETPLATFORM a",
        Some((
            "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
            1,
        )),
    ),
    (
        "RedundantTargetPlatform",
        "FROM --platform=$BUILDPLATFORM a",
        None,
    ),
    (
        "SecretsUsedInArgOrEnv",
        "FROM a\nARG AWS_SECRET_ACCESS_KEY",
        Some((
            "Do not use ARG or ENV instructions for sensitive data (ARG \"AWS_SECRET_ACCESS_KEY\")",
            2,
        )),
    ),
    (
        "SecretsUsedInArgOrEnv",
        "FROM a\nENV PUBLIC_KEY=1 TOKEN_FILE=2 KEYS=3",
        None,
    ),
    (
        "InvalidDefaultArgInFrom",
        "ARG TAG\nFROM busybox:$TAG",
        Some((
            "Default value for ARG busybox:$TAG results in empty or invalid base image name",
            2,
        )),
    ),
    (
        "InvalidDefaultArgInFrom",
        "ARG TAG=1\nFROM busybox:$TAG",
        None,
    ),
    (
        "FromPlatformFlagConstDisallowed",
        "FROM --platform=linux/amd64 a",
        Some((
            "FROM --platform flag should not use constant value \"linux/amd64\"",
            1,
        )),
    ),
    (
        "FromPlatformFlagConstDisallowed",
        "FROM --platform=linux/amd64 a AS b-amd64",
        None,
    ),
    (
        "ExposeProtoCasing",
        "FROM a\nEXPOSE 80/TcP",
        Some((
            "Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
            2,
        )),
    ),
    (
        "ExposeInvalidFormat",
        "FROM a\nEXPOSE 127.0.0.1:80:80",
        Some((
            "EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
            2,
        )),
    ),
    ("ExposeInvalidFormat", "FROM a\nEXPOSE 80/tcp 90-92", None),
    (
        "InvalidDefinitionDescription",
        "# check=experimental=all\n# not so\nFROM a AS b",
        Some((
            "Comment for FROM should follow the format: `# b <description>`",
            3,
        )),
    ),
    (
        "InvalidDefinitionDescription",
        "# check=experimental=all\n# b is one\nFROM a AS b",
        None,
    ),
    (
        "InvalidDefinitionDescription",
        "# check=experimental=all\n# not so\n\nFROM a AS b",
        None,
    ),
    (
        "InvalidDefinitionDescription",
        "# not so\nFROM a AS b",
        None,
    ),
    (
        "InvalidDefinitionDescription",
        "# check=experimental=InvalidDefinitionDescription\nFROM a\n# x\nARG y z",
        Some((
            "Comment for ARG should follow the format: `# <arg_key> <description>`",
            4,
        )),
    ),
];

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
    let names: String = (0..100_000).map(|n| format!("$a{n}")).collect();
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
        format!("FROM scratch AS s0\n{stages}USER {}", "$b".repeat(300_000)),
        doubling,
        copies,
        "CMD x\n".repeat(4_000).replacen("CMD x", "FROM scratch", 1),
        format!("# check=skip=all\nFROM scratch\nENV x={names}"),
    ] {
        assert!(text.len() < MAX_BYTES);
        let file = Dockerfile::parse(&text, "Dockerfile").unwrap();
        let begin = std::time::Instant::now();
        let found = check(&file, &all());
        assert!(found.len() <= 500);
        // Far above what it takes; without bounds it would be hours.
        assert!(begin.elapsed().as_secs() < 10, "{:?}", &text[..40]);
    }
}
