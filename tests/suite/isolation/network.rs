use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use crate::harness::need::needs;
use crate::harness::{probe, unique};

use super::Sandbox;

const WAYS: &[&[&str]] = &[
    &["--network", "host", "--security-opt", "seccomp=unconfined"],
    &["--network", "host"],
    &[],
];

#[test]
fn host_ports_are_unreachable() {
    needs!(Docker);
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let sandbox = Sandbox::with_probe();
    let mut addresses = vec!["127.0.0.1".to_owned(), "172.17.0.1".to_owned()];
    addresses.extend(own_address());
    for way in WAYS {
        for address in &addresses {
            let tried = sandbox.probe(way, &["connect", &format!("tcp:{address}:{port}")]);
            assert_ne!(tried.trim(), "connect=ok", "{address} by {way:?}");
        }
    }
    let tried = probe::on_workstation(&format!("connect tcp:127.0.0.1:{port}")).good();
    assert_ne!(tried.trim(), "connect=ok");
}

#[test]
fn host_sockets_are_unreachable() {
    needs!(Docker);
    let name = unique("drydock-test");
    let _abstract =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _named = UnixListener::bind(&path).unwrap();
    let sandbox = Sandbox::with_probe();
    for way in WAYS {
        for target in [
            format!("abstract:{name}"),
            format!("unix:{}", path.display()),
        ] {
            let tried = sandbox.probe(way, &["connect", &target]);
            assert_ne!(tried.trim(), "connect=ok", "{target} by {way:?}");
        }
    }
}

#[test]
fn nothing_listens_on_the_host_for_a_sandbox() {
    needs!(Docker);
    let port = crate::harness::free_port();
    let sandbox = Sandbox::new();
    sandbox.docker.good(&[
        "run",
        "-d",
        "--network",
        "host",
        "busybox",
        "httpd",
        "-f",
        "-p",
        &port.to_string(),
    ]);
    let script = format!(
        "until wget -q -O - http://127.0.0.1:{port}/ 2>&1 | grep -q 404; do sleep 0.05; done"
    );
    sandbox.docker.good(&[
        "run",
        "--rm",
        "--network",
        "host",
        "busybox",
        "sh",
        "-c",
        &script,
    ]);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn two_sandboxes_have_networks_of_their_own() {
    needs!(Docker);
    let (one, two) = (Sandbox::with_probe(), Sandbox::with_probe());
    one.docker.good(&[
        "run",
        "-d",
        "--network",
        "host",
        "busybox",
        "httpd",
        "-f",
        "-p",
        "8080",
    ]);
    let script =
        "until wget -q -O - http://127.0.0.1:8080/ 2>&1 | grep -q 404; do sleep 0.05; done";
    one.docker.good(&[
        "run",
        "--rm",
        "--network",
        "host",
        "busybox",
        "sh",
        "-c",
        script,
    ]);
    let tried = two.probe(&["--network", "host"], &["connect", "tcp:127.0.0.1:8080"]);
    assert_eq!(tried.trim(), "connect=ECONNREFUSED");
    // The control door and the learner's are Unix sockets; no port is open in a fresh sandbox.
    assert_eq!(two.probe(&["--network", "host"], &["listeners"]), "");
}

#[test]
fn sandbox_has_no_way_out() {
    needs!(Docker);
    let sandbox = Sandbox::new();
    let routes =
        sandbox
            .docker
            .good(&["run", "--rm", "--network", "host", "busybox", "ip", "route"]);
    assert!(!routes.contains("default"), "{routes}");
}

/// The address by which this host would reach others, if it has one. No packet is sent.
fn own_address() -> Option<String> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}
