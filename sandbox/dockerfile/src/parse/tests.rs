use super::*;

const BUILDKIT: Rules = Rules {
    escape: '\\',
    dialect: Dialect::BuildKit,
};
const CLASSIC: Rules = Rules {
    escape: '\\',
    dialect: Dialect::Classic,
};

fn parse(text: &str) -> Result<Instruction, String> {
    match line(text, &[], BUILDKIT) {
        Ok(Parsed::Instruction(instruction)) => Ok(instruction),
        Ok(other) => panic!("{other:?}"),
        Err(problem) => Err(problem.to_string()),
    }
}

#[test]
fn a_slip_of_the_finger_gets_a_hint_and_nonsense_does_not() {
    let both = |text: &str| match line(text, &[], BUILDKIT) {
        Err(problem) => (problem.to_string(), problem.classic()),
        other => panic!("{other:?}"),
    };
    for (text, buildkit, classic) in [
        (
            "rnu x",
            "rnu (did you mean run?)",
            "RNU (did you mean RUN?)",
        ),
        ("FOO x", "FOO (did you mean FROM?)", "FOO"),
        ("XYZXYZ", "XYZXYZ", "XYZXYZ"),
    ] {
        let words = |rest: &str| format!("unknown instruction: {rest}");
        assert_eq!(both(text), (words(buildkit), words(classic)));
    }
}

#[test]
fn both_forms_of_a_command_are_told_apart() {
    let exec = Command::Exec(vec!["a".into(), "b".into()]);
    assert_eq!(parse(r#"CMD ["a", "b"]"#).unwrap(), Instruction::Cmd(exec));
    let Instruction::Run(run) = parse("RUN [ -f x ]").unwrap() else {
        panic!()
    };
    assert_eq!(run.command, Command::Shell("[ -f x ]".into()));
    assert_eq!(run.command.argv(&["sh".into()]), ["sh", "[ -f x ]"]);
}

#[test]
fn all_flags_of_copy_and_add_are_read() {
    let text =
        "COPY --from=b --chown=1:2 --chmod=u+x --link --parents --exclude=*.md --exclude=a s d/";
    let Instruction::Copy(copy) = parse(text).unwrap() else {
        panic!()
    };
    assert_eq!(copy.from.as_deref(), Some("b"));
    assert_eq!(
        (copy.chown.as_deref(), copy.chmod.as_deref()),
        (Some("1:2"), Some("u+x"))
    );
    assert!(copy.link && copy.parents);
    assert_eq!(copy.exclude, ["*.md", "a"]);
    let text = "ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false --link=false s d";
    let Instruction::Add(add) = parse(text).unwrap() else {
        panic!()
    };
    assert_eq!(add.checksum.as_deref(), Some("sha256:0"));
    assert_eq!(
        (add.keep_git_dir, add.unpack, add.link),
        (true, Some(false), false)
    );
    assert_eq!(
        parse("ADD --from=x s d").unwrap_err(),
        "unknown flag: --from"
    );
    assert_eq!(
        parse("COPY --chwon=x s d").unwrap_err(),
        "unknown flag: --chwon (did you mean chown?)"
    );
}

#[test]
fn the_classic_builder_knows_fewer_flags() {
    let classic = |text: &str| line(text, &[], CLASSIC).map_err(|problem| problem.classic());
    for (text, flag) in [
        ("COPY --link a b", "link"),
        ("COPY --exclude=x a b", "exclude"),
        ("ADD --checksum=x a b", "checksum"),
        ("RUN --network=none x", "network"),
        ("RUN --security=insecure x", "security"),
        ("HEALTHCHECK --start-interval=1s CMD x", "start-interval"),
    ] {
        assert_eq!(classic(text).unwrap_err(), format!("Unknown flag: {flag}"));
    }
    // These it knows, to say that they need BuildKit.
    for text in [
        "RUN --mount=type=nonsense x",
        "COPY --chmod=1 a b",
        "ADD --chmod=1 a b",
    ] {
        assert!(classic(text).is_ok(), "{text}");
    }
    assert_eq!(
        classic("HEALTHCHECK --retries=0 CMD x").unwrap_err(),
        "--retries must be at least 1 (not 0)"
    );
    assert!(parse("HEALTHCHECK --retries=0 CMD x").is_ok());
}

#[test]
fn run_has_networks_and_securities_by_name() {
    for text in [
        "RUN --network=none x",
        "RUN --network=host x",
        "RUN --security=sandbox x",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
    assert_eq!(
        parse("RUN --network=x y").unwrap_err(),
        "invalid network mode \"x\""
    );
}

#[test]
fn a_heredoc_is_a_source_and_no_destination() {
    let doc = |name: &str, content: &str| Heredoc {
        name: name.into(),
        content: content.into(),
        expand: true,
        chomp: false,
    };
    let docs = [doc("a", "1\n"), doc("b", "\t2\n")];
    let copy = line("COPY <<a x <<-'b' /d/", &docs, BUILDKIT).unwrap();
    let Parsed::Instruction(Instruction::Copy(copy)) = copy else {
        panic!()
    };
    assert_eq!(copy.sources, ["x"]);
    assert_eq!(
        (copy.inline[0].content.as_str(), copy.inline[0].expand),
        ("1\n", true)
    );
    assert_eq!(
        (copy.inline[1].content.as_str(), copy.inline[1].expand),
        ("2\n", false)
    );
    assert_eq!(
        parse("COPY x <<a").unwrap_err(),
        "COPY cannot accept a heredoc as a destination"
    );
}

#[test]
fn onbuild_leaves_most_mistakes_to_the_build_that_has_them() {
    assert!(parse("ONBUILD FOO x").is_ok() && parse("ONBUILD COPY x").is_ok());
    assert_eq!(
        parse("ONBUILD ENV x").unwrap_err(),
        "ENV must have two arguments"
    );
}

#[test]
fn only_plain_space_separates_the_name() {
    assert!(
        parse("RUN\u{a0}x")
            .unwrap_err()
            .starts_with("unknown instruction: RUN\u{a0}x")
    );
    assert!(parse("RUN\tx").is_ok());
}

#[test]
fn intervals_and_retries_are_read_as_go_reads_them() {
    for (flag, problem) in [
        (
            "--interval=-5s",
            "Interval \"interval\" cannot be less than 1ms",
        ),
        ("--interval=5", "time: missing unit in duration \"5\""),
        (
            "--retries=99999999999",
            "strconv.ParseInt: parsing \"99999999999\": value out of range",
        ),
        (
            "--retries=x",
            "strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        ("--retries=-1", "--retries cannot be negative (-1)"),
    ] {
        assert_eq!(
            parse(&format!("HEALTHCHECK {flag} CMD x")).unwrap_err(),
            problem
        );
    }
    assert!(parse("HEALTHCHECK --interval=0s CMD x").is_ok());
}

#[test]
fn onbuild_keeps_the_here_documents() {
    let docs = [Heredoc {
        name: "E".into(),
        content: "x\n".into(),
        ..Heredoc::default()
    }];
    let kept = line("onbuild  RUN <<E", &docs, BUILDKIT).unwrap();
    let text = "RUN <<E\nx\nE".to_owned();
    assert_eq!(kept, Parsed::Instruction(Instruction::OnBuild(text)));
}
