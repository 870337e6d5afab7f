//! A sandbox's way out: where it leads, and where it never leads. The internet and the host are network namespaces that
//! the test makes, so that what must not be reached is really there.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Command, Stdio},
    time::Duration,
};

use nix::sched::{CloneFlags, setns};
use tempfile::TempDir;

use crate::harness::{
    PATIENCE,
    docker::{Docker, Which},
    engine::TestEngine,
    need::{Need, needs, skip},
    process::{Finished, Guard, finish},
};

/// On the internet.
const SERVER: &str = "203.0.113.2";
const PORT: u16 = 8000;

/// Addresses that answer on the host or beside it, and must not answer inside: the host's own, a neighbour's, those of
/// clouds' metadata, carrier-grade NAT, the loopback.
const CLOSED: [&str; 7] = [
    "203.0.113.1",
    "192.168.77.1",
    "192.168.77.2",
    "10.99.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "127.0.0.1",
];

/// Two network namespaces: one is the host, beside it the other is the internet and a private network.
struct World {
    host: Guard,
    internet: Guard,
    folder: TempDir,
}

impl World {
    fn make() -> Self {
        let holder = || {
            let mut command = Command::new("unshare");
            command.args(["--net", "sleep", "600"]).stdin(Stdio::null());
            Guard::spawn(&mut command)
        };
        let world = Self {
            host: holder(),
            internet: holder(),
            folder: TempDir::new().unwrap(),
        };
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        for holder in [&world.host, &world.internet] {
            let path = format!("/proc/{}/ns/net", holder.pid());
            crate::harness::wait::until_true("a network namespace", PATIENCE, || {
                fs::read_link(&path).is_ok_and(|namespace| namespace != own)
            });
        }
        let other = world.internet.pid().to_string();
        world.ip(
            &world.host,
            &[
                "link", "add", "veth-a", "type", "veth", "peer", "name", "veth-b", "netns", &other,
            ],
        );
        let ends = [
            (
                &world.host,
                "veth-a",
                vec!["203.0.113.1/24", "192.168.77.1/24"],
            ),
            (
                &world.internet,
                "veth-b",
                vec![
                    "203.0.113.2/24",
                    "192.168.77.2/24",
                    "10.99.0.1/32",
                    "169.254.169.254/32",
                    "100.64.0.1/32",
                ],
            ),
        ];
        for (holder, link, addresses) in ends {
            world.ip(holder, &["link", "set", "lo", "up"]);
            world.ip(holder, &["link", "set", link, "up"]);
            for address in addresses {
                world.ip(holder, &["address", "add", address, "dev", link]);
            }
            serve(holder.pid());
        }
        world.ip(&world.host, &["route", "add", "default", "via", SERVER]);
        answer_names(world.internet.pid());
        fs::write(
            world.folder.path().join("resolv.conf"),
            format!("nameserver {SERVER}\n"),
        )
        .unwrap();
        world
    }

    fn ip(&self, holder: &Guard, words: &[&str]) {
        let pid = holder.pid().to_string();
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid, "-n", "ip"]).args(words);
        finish(&mut command, b"", PATIENCE).good();
    }

    /// An engine on that host.
    fn engine(&self, more: &[&str]) -> TestEngine {
        let pid = self.host.pid().to_string();
        let names = self.folder.path().join("resolv.conf");
        let script = format!(
            "mount --bind {} /etc/resolv.conf && exec \"$@\"",
            names.display()
        );
        let under = [
            "nsenter", "-t", &pid, "-n", "unshare", "-m", "sh", "-c", &script, "sh",
        ];
        TestEngine::start_under(&under, more)
    }
}

/// Whether something answers there, as seen from the network of a process.
fn reaches(pid: i32, address: &str) -> bool {
    let address = format!("{address}:{PORT}");
    let tried = in_network(pid, move || {
        let patience = Duration::from_secs(2);
        TcpStream::connect_timeout(&address.parse().unwrap(), patience).is_ok()
    });
    tried.join().unwrap()
}

fn in_network<T: Send + 'static>(
    pid: i32,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    std::thread::spawn(move || {
        let network = File::open(format!("/proc/{pid}/ns/net")).unwrap();
        setns(network, CloneFlags::CLONE_NEWNET).unwrap();
        work()
    })
}

/// A web server on every address of the namespace, until the test program ends.
fn serve(pid: i32) {
    let (ready, is_ready) = std::sync::mpsc::channel();
    in_network(pid, move || {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
        ready.send(()).unwrap();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 8\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\noutside\n");
        }
    });
    is_ready.recv().unwrap();
}

/// A name server that gives every name the address of the internet's server.
fn answer_names(pid: i32) {
    let (ready, is_ready) = std::sync::mpsc::channel();
    in_network(pid, move || {
        let socket = UdpSocket::bind(("0.0.0.0", 53)).unwrap();
        ready.send(()).unwrap();
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let end = 12
                + query[12..length]
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(0)
                + 5;
            let is_a = query[end - 3] == 1;
            let mut answer = query[..end].to_vec();
            answer[2..4].copy_from_slice(&[0x81, 0x80]);
            answer[6..12].copy_from_slice(&[0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 2]);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    is_ready.recv().unwrap();
}

fn get(docker: &Docker, url: &str) -> Finished {
    let script = format!("timeout 5 wget -q -O - {url}");
    docker.run(&[
        "run",
        "--rm",
        "--network",
        "host",
        "busybox",
        "sh",
        "-c",
        &script,
    ])
}

/// The engine's process on the host: the sandbox's network is its own.
fn engine_pid(engine: &TestEngine) -> i32 {
    let run = fs::read_dir(engine.data_dir().join("run")).unwrap();
    let records = run.map(|entry| fs::read(entry.unwrap().path().join("record.json")));
    let record = records.flatten().next().unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    i32::try_from(record["engine"]["pid"].as_i64().unwrap()).unwrap()
}

#[test]
#[ignore = "its neighbour fails beside other tests; until it is known why, this is run when asked for"]
fn the_way_out_leads_to_the_internet_and_to_nothing_private() {
    needs!(Root, UserNamespaces, Pasta);
    let world = World::make();
    for address in CLOSED.iter().chain([&SERVER]) {
        assert!(reaches(world.host.pid(), address), "{address} is not there");
    }
    let engine = world.engine(&["--egress"]);
    let docker = Docker::new(Which::Own, &engine);
    let url = format!("http://{SERVER}:{PORT}/");
    assert_eq!(get(&docker, &url).good(), "outside\n");
    let inside = engine_pid(&engine);
    for address in CLOSED {
        assert!(!reaches(inside, address), "{address} was reached");
    }
    // Root over the sandbox's network can change what is closed in there, and nothing is gained.
    let pid = inside.to_string();
    for network in [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "192.168.0.0/16",
    ] {
        let mut command = Command::new("nsenter");
        command.args([
            "-t",
            &pid,
            "-n",
            "ip",
            "route",
            "del",
            "unreachable",
            network,
        ]);
        finish(&mut command, b"", PATIENCE).good();
    }
    for address in CLOSED {
        assert!(!reaches(inside, address), "{address} was reached");
    }
    assert!(reaches(inside, SERVER));
}

#[test]
#[ignore = "on a busy machine a name was not found at once; the cause is not known yet"]
fn names_are_asked_of_the_hosts_name_server() {
    needs!(Root, UserNamespaces, Pasta);
    let world = World::make();
    let engine = world.engine(&["--egress"]);
    let docker = Docker::new(Which::Own, &engine);
    let url = format!("http://some.name.example:{PORT}/");
    assert_eq!(get(&docker, &url).good(), "outside\n");
}

#[test]
#[ignore = "beside other tests the way was closed at times; the cause is not known yet"]
fn builds_use_the_way_out_and_add_fetches_through_it() {
    needs!(Root, UserNamespaces, Pasta);
    let world = World::make();
    let engine = world.engine(&["--egress"]);
    let docker = Docker::new(Which::Own, &engine);
    let build = |lines: &str| {
        docker.write("ctx/Dockerfile", &format!("FROM busybox\n{lines}"));
        docker.run(&["build", "--progress", "plain", "ctx"])
    };
    let built = build(
        "RUN timeout 5 wget -q -O /got http://203.0.113.2:8000/\n\
         RUN --network=none ! timeout 5 wget -q -O /none http://203.0.113.2:8000/\n\
         ADD http://203.0.113.2:8000/x/file.txt /added/\n\
         RUN cat /got /added/file.txt; stat -c '%a %Y' /added/file.txt\n",
    );
    assert!(built.stderr.contains("600 1445412480"), "{}", built.stderr);
    let none = "0".repeat(64);
    let other = build(&format!(
        "ADD --checksum=sha256:{none} http://{SERVER}:{PORT}/x /x\n"
    ));
    assert!(
        other.stderr.contains("digest mismatch sha256:"),
        "{}",
        other.stderr
    );
    assert_ne!(build("ADD http://192.168.77.2:8000/x /x\n").code, 0);
}

#[test]
fn without_the_operators_leave_there_is_no_way_out() {
    needs!(Root, UserNamespaces, Pasta);
    let world = World::make();
    let engine = world.engine(&[]);
    let docker = Docker::new(Which::Own, &engine);
    let outside = format!("http://{SERVER}:{PORT}/");
    assert_ne!(get(&docker, &outside).code, 0);
    assert!(!reaches(engine_pid(&engine), SERVER));
    docker.write(
        "ctx/Dockerfile",
        &format!("FROM busybox\nADD {outside} /x\n"),
    );
    let refused = docker.run(&["build", "ctx"]);
    assert!(
        refused.stderr.contains("a sandbox with --egress"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_real_base_image_installs_a_package() {
    needs!(Root, UserNamespaces, Pasta, Debootstrap);
    let Ok(mirror) = std::env::var("DRYDOCK_TEST_MIRROR") else {
        skip(
            Need::Debootstrap,
            "DRYDOCK_TEST_MIRROR names no mirror of Debian's packages",
        );
        return;
    };
    let base = TempDir::new().unwrap();
    let root = base.path().join("root");
    let mut command = Command::new("debootstrap");
    command
        .args(["--variant=minbase", "bookworm"])
        .arg(&root)
        .arg(&mirror);
    finish(&mut command, b"", Duration::from_secs(600)).good();
    let archive = base.path().join("base.tar");
    let mut command = Command::new("tar");
    command
        .arg("-C")
        .arg(&root)
        .arg("--exclude=./dev/*")
        .arg("-cf")
        .arg(&archive)
        .arg(".");
    finish(&mut command, b"", Duration::from_secs(120)).good();
    let engine = TestEngine::start_with(&["--egress"]);
    let docker = Docker::new(Which::Own, &engine);
    docker
        .run(&["import", archive.to_str().unwrap(), "debian:bookworm-slim"])
        .good();
    docker.write(
        "ctx/Dockerfile",
        "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends ed\nRUN echo p | ed /etc/debian_version\n",
    );
    let mut build = docker.command(&["build", "--progress", "plain", "ctx"]);
    let built = finish(&mut build, b"", Duration::from_secs(600)).exits(0);
    assert!(built.stderr.contains("Setting up ed"), "{}", built.stderr);
}
