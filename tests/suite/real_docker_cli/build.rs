use super::{Desk, facts};

facts!(
    build_runs_its_steps_in_order,
    second_build_comes_from_the_cache,
    changed_file_invalidates_its_copy_and_what_follows,
    dockerignore_keeps_files_out,
    failing_step_names_itself_and_its_code,
    build_arguments_reach_run,
);

fn build_runs_its_steps_in_order(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nWORKDIR /app\nCOPY hello.txt .\nRUN cat hello.txt > copy.txt\nCMD [\"cat\", \"copy.txt\"]\n");
    desk.write("hello.txt", "hello from the context\n");
    let said = desk.good(&["build", "-t", "greeting", "."]);
    let steps = [
        "Step 1/5 : FROM busybox",
        "Step 2/5 : WORKDIR /app",
        "Step 3/5 : COPY hello.txt .",
        "Step 4/5 : RUN",
        "Step 5/5 : CMD",
    ];
    let mut from = 0;
    for step in steps {
        from += said[from..]
            .find(step)
            .unwrap_or_else(|| panic!("no {step:?} in its place: {said}"));
    }
    assert!(said.contains("Successfully built "), "{said}");
    assert!(
        said.contains("Successfully tagged greeting:latest"),
        "{said}"
    );
    assert_eq!(
        desk.good(&["run", "--rm", "greeting"]),
        "hello from the context"
    );
    assert_eq!(desk.good(&["run", "--rm", "greeting", "pwd"]), "/app");
}

fn second_build_comes_from_the_cache(desk: &Desk) {
    desk.write(
        "Dockerfile",
        "FROM busybox\nRUN date +%s%N > /when\nCMD [\"cat\", \"/when\"]\n",
    );
    desk.good(&["build", "-t", "first", "."]);
    let said = desk.good(&["build", "-t", "second", "."]);
    assert_eq!(said.matches("---> Using cache").count(), 2, "{said}");
    let id = |name: &str| desk.good(&["inspect", "--format", "{{.Id}}", name]);
    assert_eq!(id("first"), id("second"));
    let said = desk.good(&["build", "--no-cache", "-t", "third", "."]);
    assert!(!said.contains("Using cache"), "{said}");
    assert_ne!(id("first"), id("third"));
}

fn changed_file_invalidates_its_copy_and_what_follows(desk: &Desk) {
    desk.write(
        "Dockerfile",
        "FROM busybox\nRUN echo early > /early\nCOPY part.txt /\nRUN cat /part.txt > /late\n",
    );
    desk.write("part.txt", "one\n");
    desk.good(&["build", "-t", "a", "."]);
    desk.write("part.txt", "two\n");
    let said = desk.good(&["build", "-t", "a", "."]);
    assert_eq!(
        said.matches("---> Using cache").count(),
        1,
        "only the step before the COPY: {said}"
    );
    assert_eq!(desk.good(&["run", "--rm", "a", "cat", "/late"]), "two");
}

fn dockerignore_keeps_files_out(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nCOPY . /ctx\n");
    desk.write(".dockerignore", "*.log\n!keep.log\nnode_modules\n");
    desk.write("app.txt", "app");
    desk.write("debug.log", "noise");
    desk.write("keep.log", "kept");
    desk.write("node_modules/big.js", "big");
    desk.good(&["build", "-t", "a", "."]);
    let listed = desk.good(&["run", "--rm", "a", "ls", "/ctx"]);
    let listed: Vec<&str> = listed.lines().collect();
    assert_eq!(listed, ["Dockerfile", "app.txt", "keep.log"]);
}

fn failing_step_names_itself_and_its_code(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nRUN exit 7\nRUN echo never\n");
    let built = desk.run(&["build", "-t", "a", "."]).exits(7);
    let wanted = "The command '/bin/sh -c exit 7' returned a non-zero code: 7";
    assert!(built.stderr.contains(wanted), "{}", built.stderr);
    assert!(
        !built.stdout.contains("never\n ---> Running"),
        "{}",
        built.stdout
    );
    assert_eq!(desk.good(&["images", "-q", "a"]), "", "nothing is tagged");
}

fn build_arguments_reach_run(desk: &Desk) {
    desk.write(
        "Dockerfile",
        "FROM busybox\nARG WHO=nobody\nRUN echo \"$WHO\" > /who\nENV GREETED=$WHO\n",
    );
    desk.good(&["build", "-q", "-t", "plain", "."]);
    desk.good(&[
        "build",
        "-q",
        "--build-arg",
        "WHO=someone",
        "-t",
        "named",
        ".",
    ]);
    assert_eq!(
        desk.good(&["run", "--rm", "plain", "cat", "/who"]),
        "nobody"
    );
    assert_eq!(
        desk.good(&[
            "run",
            "--rm",
            "named",
            "sh",
            "-c",
            "cat /who; echo $GREETED"
        ]),
        "someone\nsomeone"
    );
}
