//! The first Dockerfiles of everybody's: what each of them is there to show, seen on a sandbox.

use super::builder::Desk;
use super::case::{self, Case, Reference};
use super::outcome;
use crate::harness::docker::Which;
use crate::harness::engine::{Daemon as _, TestEngine};
use crate::harness::need::needs;
use crate::harness::process::Finished;

/// A sandbox on which the seeds are tried.
struct Bed(TestEngine);

impl Bed {
    /// What our own client and a shell say of `script`, in the case's context.
    fn try_on(&self, name: &str, script: &str) -> Finished {
        let cases = case::load(&format!("seeds/{name}"));
        let [case]: [Case; 1] = cases.try_into().unwrap();
        let desk = Desk::new(&case, Which::Own, self.0.address(), Reference::Documents);
        for step in &case.steps {
            if let case::Step::Shell(line) = step {
                desk.shell(line);
            }
        }
        desk.shell(script)
    }
}

#[test]
fn seeds_show_what_they_are_there_for() {
    needs!(UserNamespaces);
    let bed = Bed(TestEngine::start());
    let said = |name: &str, script: &str| bed.try_on(name, script).stdout;

    // An argument takes the place of CMD and leaves ENTRYPOINT.
    let days = said(
        "pipeline",
        "docker build -q -t p . > id && docker run --rm p && docker run --rm p 12",
    );
    let day = |day| format!("job finished successfully for day = {day}\n");
    assert_eq!(days, day(10) + &day(12));

    // The second stage has what was installed, and not what installed it.
    let two = said("two-stage-prefix", "docker build -q -t corpus-python-builder -f python.dockerfile . > id
        docker build -q -t two . > id
        docker run --rm two sh -c 'cat /usr/local/lib/installed; ls /usr/local/bin; test ! -e /build && echo slim'");
    assert_eq!(two, "flask==3.0\nflask\nslim\n");

    let version = said("arg-version", "docker build -q -t v . > id && docker run --rm v cat /version
        docker build -q --build-arg VERSION=2.5 -t v . > id && docker run --rm v sh -c 'cat /version; echo $APP_VERSION'");
    assert_eq!(version, "version 1.0\nversion 2.5\n2.5\n");

    let user = said(
        "user",
        "docker build -q -t u . > id && docker run --rm u sh -c 'id -un; stat -c %U:%G run.sh who'",
    );
    assert_eq!(user, "app\napp:app\napp:app\n");

    let port = said("port", "docker build -q -t port . > id
        docker image inspect port --format '{{json .Config.ExposedPorts}} {{.Config.Cmd}}' && docker run --rm port sh -c 'echo $PORT'");
    assert_eq!(
        port,
        "{\"8000/tcp\":{}} [/bin/sh -c httpd -f -p $PORT]\n8000\n"
    );

    // The file is not where the trap seems to put it; WORKDIR puts it there.
    let trap = said("cd-trap", "docker build -q -t wrong . > id && docker run --rm wrong sh -c 'ls /app | wc -l; cat /file.txt'
        docker build -q -f right.dockerfile -t right . > id && docker run --rm right cat /app/file.txt");
    assert_eq!(trap, "0\nhello\nhello\n");
}

#[test]
fn cache_seeds_keep_what_did_not_change() {
    needs!(UserNamespaces);
    let bed = Bed(TestEngine::start());
    // The steps of the last build that were in the cache.
    let cached = |name: &str, script: &str| {
        let steps = outcome::steps(&bed.try_on(name, script));
        let cached = steps
            .into_iter()
            .filter_map(|step| step.strip_prefix("cached ").map(str::to_owned));
        cached.collect::<Vec<_>>()
    };
    let touched = |base: &str| {
        format!(
            "docker build -q -t {base} python > id && docker build -q app > id && echo two >> app/app.py && docker build --progress=plain app"
        )
    };
    let first = cached("dependencies-first", &touched("corpus-python"));
    assert_eq!(
        first,
        [
            "WORKDIR /app",
            "COPY requirements.txt .",
            "RUN pip install -r requirements.txt"
        ]
    );
    let all = cached("program-first", &touched("corpus-python-all"));
    assert_eq!(all, ["WORKDIR /app"]);
    let begun =
        "docker build -q -t corpus-debian -f debian.dockerfile . > id && docker build -q . > id";
    let trap = cached(
        "apt-get-trap",
        &format!("{begun} && docker build --progress=plain -f later.dockerfile ."),
    );
    assert_eq!(trap, ["RUN apt-get update"]);
    let right = cached(
        "apt-get-trap",
        &format!("{begun} && docker build --progress=plain -f right.dockerfile ."),
    );
    assert_eq!(right, [""; 0]);
}
