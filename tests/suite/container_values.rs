//! What the engine refuses, in Docker's words: raw requests, so that no client judges before it.

use crate::harness::engine::{Daemon, TestEngine};
use crate::harness::need::needs;

/// What `POST /containers/create` says to wrong values; a real dockerd was asked for each.
const REFUSED: &[(&str, &str)] = &[
    (
        r#""HostConfig":{"Binds":["a:/x:ro,rw"]}"#,
        "invalid mode: ro,rw",
    ),
    (
        r#""HostConfig":{"Binds":["/tmp:/x:nocopy"]}"#,
        r#"invalid volume specification: '/tmp:/x:nocopy': invalid mount config for type "bind": field VolumeOptions must not be specified"#,
    ),
    (
        r#""HostConfig":{"Binds":["x:/x"]}"#,
        "create x: volume name is too short, names should be at least two alphanumeric characters",
    ),
    (
        r#""HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/x","Source":"y"}]}"#,
        r#"invalid mount config for type "tmpfs": field Source must not be specified"#,
    ),
    (
        r#""HostConfig":{"Mounts":[{"Type":"what","Target":"/x"}]}"#,
        r#"invalid mount config for type "what": mount type unknown"#,
    ),
    (
        r#""HostConfig":{"LogConfig":{"Type":"json-file","Config":{"colour":"red"}}}"#,
        "unknown log opt 'colour' for json-file log driver",
    ),
    (
        r#""HostConfig":{"CapAdd":["FLY"]}"#,
        r#"invalid CapAdd: unknown capability: "CAP_FLY""#,
    ),
    (
        r#""HostConfig":{"SecurityOpt":["wibble"]}"#,
        r#"invalid --security-opt 1: "wibble""#,
    ),
    (
        r#""HostConfig":{"ExtraHosts":["a:b"]}"#,
        r#"invalid IP address in add-host: "b""#,
    ),
    (
        r#""HostConfig":{"RestartPolicy":{"Name":"always","MaximumRetryCount":3}}"#,
        "maximum retry count cannot be used with restart policy 'always'",
    ),
    (
        r#""Healthcheck":{"Test":["CMD","true"],"Interval":1}"#,
        "Interval in Healthcheck cannot be less than 1ms",
    ),
    (
        r#""HostConfig":{"Links":["ghost"]}"#,
        "could not get container for ghost: No such container: ghost",
    ),
    (
        r#""HostConfig":{"NetworkMode":"container:a"},"Hostname":"x""#,
        "conflicting options: hostname and the network mode",
    ),
    (
        r#""HostConfig":{"PidMode":"container:ghost"}"#,
        "No such container: ghost",
    ),
    (
        r#""Tty":"yes""#,
        "json: cannot unmarshal string into Go value of type bool",
    ),
];

#[test]
fn wrong_values_are_refused_in_dockers_words() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    for (field, words) in REFUSED {
        let body = format!(r#"{{"Image":"busybox",{field}}}"#);
        let answer = engine.request("POST", "/containers/create", body.as_bytes());
        assert_eq!(answer.status, 400, "{field}: {}", answer.text());
        assert_eq!(answer.json()["message"], *words, "{field}");
    }
    let elsewhere = engine.request(
        "POST",
        "/containers/create?platform=linux/arm64",
        br#"{"Image":"busybox"}"#,
    );
    assert_eq!(elsewhere.status, 404, "{}", elsewhere.text());
    let left = engine.get("/containers/json?all=1").json();
    assert_eq!(left.as_array().map(Vec::len), Some(0), "{left}");
}

#[test]
fn a_container_too_many_is_told_what_to_do() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let mut last = engine.get("/_ping");
    let mut made = 0;
    while last.status < 400 {
        last = engine.request("POST", "/containers/create", br#"{"Image":"busybox"}"#);
        made += 1;
        assert!(made < 2000, "there is no limit");
    }
    assert_eq!(last.status, 409);
    assert!(
        last.text().contains("docker container prune"),
        "{}",
        last.text()
    );
    let pruned = engine
        .request("POST", "/containers/prune", b"")
        .is(200)
        .json();
    let pruned = pruned["ContainersDeleted"].as_array().map(Vec::len);
    assert_eq!(pruned, Some(made - 1));
}

#[test]
fn versions_from_1_24_to_1_50_are_spoken() {
    needs!(UserNamespaces);
    let engine = TestEngine::start();
    let ping = engine.request("HEAD", "/_ping", b"").is(200);
    assert_eq!(ping.header("api-version"), Some("1.50"));
    assert_eq!(ping.header("builder-version"), Some("1"));
    for minor in 24..=50 {
        engine.get(&format!("/v1.{minor}/containers/json")).is(200);
    }
    let newer = engine.get("/v1.51/info").is(400);
    assert_eq!(
        newer.json()["message"],
        "client version 1.51 is too new. Maximum supported API version is 1.50"
    );
    engine.get("/v1.23/info").is(400);

    let old = engine.get("/v1.41/info").json();
    assert_eq!(old["KernelMemory"], false);
    let new = engine.get("/v1.50/info").json();
    assert!(new.get("KernelMemory").is_none() && new["CDISpecDirs"].is_array());
    let only = engine.get("/v1.50/system/df?type=volume").json();
    assert!(
        only["Images"].is_null() && only["Volumes"].is_array(),
        "{only}"
    );
    engine.get("/v1.50/system/df?type=wind").is(400);
}
