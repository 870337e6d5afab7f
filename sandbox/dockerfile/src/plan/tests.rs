use super::*;

fn parse(text: &str) -> Result<Dockerfile, String> {
    Dockerfile::parse(text, "Dockerfile").map_err(|error| error.to_string())
}

#[test]
fn steps_belong_to_their_stages_and_know_their_lines() {
    let text = "ARG V=1\n\nFROM --platform=$P a:$V AS One\nRUN x \\\n y\nFROM one\nCMD z\n";
    let file = parse(text).unwrap();
    assert_eq!(file.step_count(), 5);
    assert_eq!(file.stages[0].steps[0].lines, Lines { first: 4, last: 5 });
    assert_eq!(file.stages[0].steps[0].text, "RUN x  y");
    assert_eq!(file.stages[0].platform.as_deref(), Some("$P"));
    assert_eq!(file.stage("ONE"), Some(0));
    assert_eq!(file.stage("1"), Some(1));
    assert_eq!(file.stage("2"), None);
    assert_eq!(file.clone().until("one").unwrap().step_count(), 3);
    assert_eq!(
        file.until("onr").unwrap_err().to_string(),
        "target stage \"onr\" could not be found (did you mean one?)"
    );
}

#[test]
fn a_here_document_is_named_where_it_makes_an_unknown_instruction() {
    let text = "FROM a\nRUN <<E\necho hi\nE\n";
    assert!(parse(text).is_ok());
    let error = Dockerfile::parse_as(text, "Dockerfile", Dialect::Classic).unwrap_err();
    assert_eq!(
        error.classic(),
        "dockerfile parse error line 3: unknown instruction: ECHO (here-documents require BuildKit)"
    );
}

#[test]
fn mistakes_are_worded_as_by_either_builder() {
    for (text, buildkit, classic) in [
        (
            "FROM a\nCOPY --foo x y",
            "dockerfile parse error on line 2: unknown flag: --foo (did you mean from?)",
            "dockerfile parse error line 2: Unknown flag: foo",
        ),
        (
            "FROM a\nENV a=1 b",
            "Syntax error - can't find = in \"b\". Must be of the form: name=value",
            "dockerfile parse error line 2: Syntax error - can't find = in \"b\". Must be of the form: name=value",
        ),
        (
            "RUN x",
            "no build stage in current context",
            "dockerfile parse error line 1: no build stage in current context: RUN before the first FROM",
        ),
        (
            "ARG x",
            "dockerfile contains no stages to build",
            "dockerfile parse error line 1: no build stage in current context: ARG before the first FROM",
        ),
        (
            "",
            "the Dockerfile cannot be empty",
            "the Dockerfile (Dockerfile) cannot be empty",
        ),
        (
            "# x",
            "file with no instructions",
            "failed to parse Dockerfile: file with no instructions",
        ),
        // What cannot be split into words is found first.
        (
            "FROM a\nFOO\nENV b",
            "ENV must have two arguments",
            "dockerfile parse error line 3: ENV must have two arguments",
        ),
    ] {
        let error = Dockerfile::parse(text, "Dockerfile").unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.classic().as_str()),
            (buildkit, classic)
        );
    }
}

#[test]
fn a_trigger_is_one_instruction_and_not_from() {
    let trigger = |text: &str| parse_trigger(text, Dialect::BuildKit);
    assert!(trigger("FROM x").is_err());
    assert!(trigger("RUN x\nRUN y").is_err() && trigger("").is_err());
    let Instruction::Run(run) = trigger("RUN <<E\nx\nE").unwrap().instruction else {
        panic!()
    };
    assert_eq!(run.inline().unwrap().content, "x\n");
}

#[test]
fn a_step_is_shown_as_buildkit_shows_it() {
    let text = "FROM a\nrun echo \"$A  b\" $B\nCOPY \"f\" /$A\nRUN <<E\n\necho hi\nx\nE\nADD <<F /\nx\nF\n";
    let file = parse(text).unwrap();
    let shown: Vec<String> = file.stages[0]
        .steps
        .iter()
        .map(|step| step.display(&["A=1".into()], '\\'))
        .collect();
    assert_eq!(
        shown,
        [
            "RUN echo \"1  b\" $B",
            "COPY f /1",
            "RUN <<E (echo hi...)",
            "ADD <<F /"
        ]
    );
}

#[test]
fn a_run_is_executed_as_buildkit_would() {
    let shell = ["sh".to_owned(), "-c".to_owned()];
    let run = |text: &str| {
        let file = parse(&format!("FROM a\n{text}")).unwrap();
        match &file.stages[0].steps[0].instruction {
            Instruction::Run(run) => run.invocation(&shell),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(run("RUN <<-E\n\ta\n\tE\n").argv, ["sh", "-c", "a\n"]);
    assert_eq!(
        run("RUN cat <<E >x\na\nE\n").argv,
        ["sh", "-c", "cat <<E >x\na\nE"]
    );
    assert_eq!(run("RUN [\"a\"]").argv, ["a"]);
    let program = run("RUN <<E\n#!/bin/x\ny\nE\n");
    assert_eq!(program.argv, ["sh", "-c", "/dev/pipes/E"]);
    assert_eq!(program.script.unwrap().content, "#!/bin/x\ny\n");
    assert_eq!(run("RUN x").argv, ["sh", "-c", "x"]);
    assert_eq!(run("RUN").argv, ["sh", "-c", ""]);
}

#[test]
fn a_file_of_a_million_instructions_is_refused() {
    let text = format!("FROM a\n{}", "CMD\n".repeat(200_000));
    assert_eq!(
        parse(&text).unwrap_err(),
        "the Dockerfile has too many instructions or variables"
    );
}
