//! Registries: Debian's `docker-registry` on the loopback of the host, and the one on the workstation.

use std::{fs, path::Path, process::Command, process::Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    PATIENCE,
    data::DataDir,
    docker::{Docker, Which},
    drydock,
    engine::{Daemon as _, TestEngine},
    free_port, http,
    need::needs,
    process::{Finished, Guard, finish},
    wait,
};

/// Debian's registry, with a port and a directory of its own.
pub struct Registry {
    _process: Guard,
    folder: TempDir,
    /// Its name and port.
    pub host: String,
}

impl Registry {
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let root = folder.path().join("data");
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            root.display()
        );
        let path = folder.path().join("config.yml");
        fs::write(&path, config).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&path).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let process = Guard::spawn(&mut command);
        wait::until_true("the registry", PATIENCE, || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok_and(|stream| {
                http::request(stream, "GET", "/v2/", &[], b"").is_ok_and(|base| base.status == 200)
            })
        });
        Self {
            _process: process,
            folder,
            host: format!("localhost:{port}"),
        }
    }

    /// How often it was asked for this with success.
    fn served(&self, what: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        let asked = |line: &&str| line.contains(what) && line.contains("http.response.status=200");
        log.lines().filter(asked).count()
    }
}

/// The digest in `v1: digest: sha256:… size: 527`.
fn digest_in(said: &str) -> String {
    let (_, rest) = said
        .split_once("digest: ")
        .unwrap_or_else(|| panic!("{said}"));
    rest.split(' ').next().unwrap().to_owned()
}

fn skopeo(words: &[&str]) -> String {
    let mut command = Command::new("skopeo");
    finish(command.args(words), b"", PATIENCE).good()
}

/// `drydock shell` in a data directory, with more flags, around a script.
fn shell(data: &Path, flags: &[&str], script: &str) -> Finished {
    let mut command = Command::new(drydock());
    command.arg("shell").arg("--data-dir").arg(data).args(flags);
    command.args(["--", "sh", "-c", script]);
    finish(&mut command, b"", PATIENCE)
}

#[test]
fn an_image_goes_to_an_allowed_registry_and_comes_back_the_same() {
    needs!(UserNamespaces, Docker, Registry);
    let registry = Registry::start();
    let host = &registry.host;
    let (pull, push) = (format!("{host}/*"), format!("{host}/class/*"));
    let allowed = ["--allow-pull", &pull, "--allow-push", &push];
    let engine = TestEngine::start_with(&allowed);
    let docker = Docker::new(Which::Newest, &engine);
    let app = format!("{host}/class/app");
    let v1 = format!("{app}:v1");

    docker.good(&["tag", "busybox", &v1]);
    let said = docker.good(&["push", &v1]);
    assert!(said.starts_with(&format!("The push refers to repository [{app}]")));
    assert!(said.contains(": Pushed"), "{said}");
    let digest = digest_in(&said);
    let raw = skopeo(&[
        "inspect",
        "--tls-verify=false",
        "--format={{.Digest}}",
        &format!("docker://{v1}"),
    ]);
    assert_eq!(raw.trim(), digest);

    // The other client, another tag, another repository: nothing is sent twice.
    let debian = Docker::new(Which::Debian, &engine);
    let (v2, other) = (format!("{app}:v2"), format!("{host}/class/other:v1"));
    debian.good(&["tag", "busybox", &v2]);
    assert!(debian.good(&["push", &v2]).contains("Layer already exists"));
    debian.good(&["tag", "busybox", &other]);
    assert!(
        debian
            .good(&["push", &other])
            .contains("Mounted from class/app")
    );

    let id = docker.good(&["inspect", "--format={{.Id}}", &v1]);
    docker.good(&["rmi", &v1, &v2, &other]);
    let said = docker.good(&["pull", &v1]);
    assert!(said.starts_with("v1: Pulling from class/app"), "{said}");
    assert!(said.contains(&format!("Digest: {digest}")), "{said}");
    assert!(said.contains(&format!("Status: Downloaded newer image for {v1}")));
    assert!(docker.good(&["pull", &v1]).contains("Image is up to date"));
    assert_eq!(docker.good(&["inspect", "--format={{.Id}}", &v1]), id);
    let digests = docker.good(&["inspect", "--format={{.RepoDigests}}", &v1]);
    assert_eq!(digests, format!("[{app}@{digest}]"));
    docker.good(&["pull", &format!("{app}@{digest}")]);
    assert!(
        docker
            .good(&["pull", "-a", &app])
            .contains("v2: Pulling from class/app")
    );
    assert_eq!(docker.good(&["run", "--rm", &v1, "echo", "ran"]), "ran");

    let unknown = docker.run(&["pull", &format!("{app}:v9")]).exits(1).stderr;
    let words = format!("manifest for {app}:v9 not found: manifest unknown: manifest unknown");
    assert!(unknown.contains(&words), "{unknown}");
    let refused = format!("{host}/private:v1");
    docker.good(&["tag", "busybox", &refused]);
    let said = docker.run(&["push", &refused]).exits(1).stderr;
    assert!(
        said.contains("there is no registry on this workstation"),
        "{said}"
    );
}

#[test]
fn what_one_sandbox_pulled_is_fetched_for_no_other() {
    needs!(UserNamespaces, Registry, Skopeo);
    let registry = Registry::start();
    let data = DataDir::new();
    let any = format!("{}/*", registry.host);
    let flags = ["--allow-pull", any.as_str(), "--allow-push", any.as_str()];
    // Another layer than the store has.
    let app = format!("{}/app", registry.host);
    let make = format!(
        "mkdir c && cd c && printf 'FROM busybox\\nRUN echo hello > /hello\\n' > Dockerfile && docker build -q -t {app} . && docker push {app}"
    );
    shell(data.path(), &flags, &make).good();
    let other = DataDir::new();
    let raw = skopeo(&[
        "inspect",
        "--tls-verify=false",
        "--raw",
        &format!("docker://{app}"),
    ]);
    let manifest: Value = serde_json::from_str(&raw).unwrap();
    let layer = manifest["layers"][1]["digest"].as_str().unwrap();
    let path = format!("/v2/app/blobs/{layer}");
    let run =
        format!("docker images -q {app}; docker pull -q {app} && docker run --rm {app} cat /hello");
    let got = |said: &str| format!("{said}:latest\nhello\n");
    let first = shell(other.path(), &flags, &run).good();
    assert_eq!(first, got(&app));
    let served = registry.served(&path);
    assert!(served > 0);
    // It is not among the images of the second from the start, but nothing is fetched.
    assert_eq!(shell(other.path(), &flags, &run).good(), got(&app));
    assert_eq!(registry.served(&path), served);
}

#[test]
fn nothing_is_pulled_or_pushed_unless_the_operator_allows_it() {
    needs!(UserNamespaces, Docker);
    let engine = TestEngine::start();
    let docker = Docker::new(Which::Newest, &engine);
    let said = docker.run(&["pull", "alpine"]).exits(1).stderr;
    assert!(
        said.contains(
            "pull access denied for alpine, repository does not exist or may require 'docker login'"
        ) && said.contains("--allow-pull"),
        "{said}"
    );
    let said = docker.run(&["pull", "localhost:5000/app"]).exits(1).stderr;
    assert!(
        said.contains("dial tcp 127.0.0.1:5000: connect: connection refused"),
        "{said}"
    );
    docker.good(&["tag", "busybox", "me/app"]);
    let said = docker.run(&["push", "me/app"]).exits(1).stderr;
    assert!(
        said.contains("denied: requested access to the resource is denied"),
        "{said}"
    );
    let said = docker.run(&["push", "me/nothing"]).exits(1).stderr;
    assert!(
        said.contains("An image does not exist locally with the tag: me/nothing"),
        "{said}"
    );
    let said = docker
        .run(&["login", "-u", "a", "-p", "b", "localhost:5000"])
        .exits(1)
        .stderr;
    assert!(said.contains("connection refused"), "{said}");
}

#[test]
fn the_workstation_can_have_a_registry_of_its_own() {
    needs!(UserNamespaces, Docker);
    let engine = TestEngine::start_with(&["--registry"]);
    let docker = Docker::new(Which::Newest, &engine);
    let app = "localhost:5000/app:v1";
    docker.good(&["run", "--name", "made", "busybox", "touch", "/made"]);
    docker.good(&["commit", "made", app]);
    docker.good(&["rm", "made"]);
    let said = docker.good(&["push", app]);
    assert_eq!(said.matches(": Pushed").count(), 2, "{said}");
    let digest = digest_in(&said);
    assert!(docker.good(&["push", app]).contains("Layer already exists"));
    let id = docker.good(&["images", "-q", "--no-trunc", app]);
    docker.good(&["rmi", app]);
    assert_eq!(docker.good(&["images", "-q", app]), "");
    let said = docker.good(&["pull", app]);
    assert!(said.contains(": Already exists"), "{said}");
    assert!(
        said.contains(": Pull complete") && said.contains(&digest),
        "{said}"
    );
    docker.good(&["run", "--rm", app, "test", "-e", "/made"]);
    assert_eq!(docker.good(&["images", "-q", "--no-trunc", app]), id);
    let found = engine
        .get(&format!("/distribution/{app}/json"))
        .is(200)
        .json();
    assert_eq!(found["Descriptor"]["digest"], digest.as_str());
    docker.good(&["login", "-u", "a", "-p", "b", "localhost:5000"]);
}

#[test]
fn skopeo_takes_the_workstations_registry_for_one() {
    needs!(Root, Docker, Skopeo);
    let engine = TestEngine::start_with(&["--registry"]);
    let docker = Docker::new(Which::Newest, &engine);
    docker.good(&["tag", "busybox", "localhost:5000/app:v1"]);
    let digest = digest_in(&docker.good(&["push", "localhost:5000/app:v1"]));
    let pid = engine_pid(engine.data_dir());
    let inside = |words: &[&str]| {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &pid.to_string(), "--net"])
            .args(words);
        finish(&mut command, b"", PATIENCE).good()
    };
    let folder = TempDir::new().unwrap();
    let layout = format!("dir:{}", folder.path().join("copy").display());
    let (from, to) = ("--src-tls-verify=false", "--dest-tls-verify=false");
    let ours = "docker://localhost:5000/app:v1";
    let shown = inside(&[
        "skopeo",
        "inspect",
        "--tls-verify=false",
        "--format={{.Digest}}",
        ours,
    ]);
    assert_eq!(shown.trim(), digest);
    inside(&["skopeo", "copy", "-q", from, ours, &layout]);
    let deep = "docker://localhost:5000/a/b/c:v2";
    inside(&["skopeo", "copy", "-q", to, &layout, deep]);
    let same = "docker://localhost:5000/same:v3";
    inside(&[
        "skopeo",
        "copy",
        "-q",
        from,
        to,
        "--preserve-digests",
        ours,
        same,
    ]);
    let listed = inside(&[
        "skopeo",
        "list-tags",
        "--tls-verify=false",
        "docker://localhost:5000/a/b/c",
    ]);
    assert!(listed.contains("\"v2\""), "{listed}");
    inside(&["skopeo", "delete", "--tls-verify=false", same]);
    // What skopeo pushed, Docker pulls: it is the same image.
    docker.good(&["pull", "localhost:5000/a/b/c:v2"]);
    let ids = ["localhost:5000/app:v1", "localhost:5000/a/b/c:v2"]
        .map(|name| docker.good(&["images", "-q", name]));
    assert_eq!(ids[0], ids[1]);
    docker.run(&["pull", "localhost:5000/same:v3"]).exits(1);
}

fn engine_pid(data: &Path) -> i64 {
    let mut runs = fs::read_dir(data.join("run")).unwrap();
    let record = runs.next().unwrap().unwrap().path().join("record.json");
    let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    record["engine"]["pid"].as_i64().unwrap()
}

#[test]
fn the_built_in_docker_pushes_pulls_and_keeps_logins() {
    needs!(UserNamespaces);
    let data = DataDir::new();
    let script = "set -e
        docker tag busybox localhost:5000/app
        docker push localhost:5000/app
        docker rmi -f busybox localhost:5000/app >/dev/null
        docker pull localhost:5000/app
        echo secret | docker login -u ada --password-stdin localhost:5000
        ls -l ~/.docker/config.json | cut -c1-10; cat ~/.docker/config.json; echo
        docker logout localhost:5000
        docker push -q localhost:5000/app
        docker search hello 2>&1 || true";
    let done = shell(data.path(), &["--registry"], script).exits(0);
    let said = &done.stdout;
    for line in [
        "Using default tag: latest\n",
        "The push refers to repository [localhost:5000/app]\n",
        ": Pushed\nlatest: digest: sha256:",
        "latest: Pulling from app\n",
        "Status: Downloaded newer image for localhost:5000/app:latest\nlocalhost:5000/app:latest\n",
        "Login Succeeded\n-rw-------\n{\n\t\"auths\": {\n\t\t\"localhost:5000\": {\n\t\t\t\"auth\": \"YWRhOnNlY3JldA==\"",
        "Removing login credentials for localhost:5000\nlocalhost:5000/app:latest\n",
        "there is no registry to search",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    assert!(
        done.stderr.contains("stored unencrypted"),
        "{}",
        done.stderr
    );
}
