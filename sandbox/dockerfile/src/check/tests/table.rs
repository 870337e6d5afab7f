//! What each rule finds, and what it does not.

/// Rule, Dockerfile, message and line; without a message nothing is found.
pub(super) type Row = (&'static str, &'static str, Option<(&'static str, usize)>);

pub(super) const TABLE: &[Row] = &[
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
