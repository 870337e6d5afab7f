//! Building the cases: one daemon, one client, one kind of builder.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::case::{Build, Case, Reference, Step};
use super::facts::Lens;
use super::{image, outcome};
use crate::harness::PATIENCE;
use crate::harness::docker::Which;
use crate::harness::engine::Daemon;
use crate::harness::process::{Finished, finish};
use crate::parity::base::Base;
use crate::parity::reset;

/// So many cases are built at once.
const LANES: usize = 2;
/// The day on which all files of a context were written, unless a case says otherwise.
const WRITTEN: u64 = 1_577_934_245;

/// What a build is known by: its case, and which of the case's builds it is.
pub type Key = (String, usize);

/// A daemon as one reference, or what is held against it.
pub struct Builder<'a, D> {
    pub daemon: &'a D,
    pub client: Which,
    pub reference: Reference,
    pub base: &'a Base,
}

/// A build that has ended.
enum Built {
    Image { name: String, steps: Vec<String> },
    Refused(Vec<String>),
}

impl<D: Daemon + Sync> Builder<'_, D> {
    /// Builds all `cases` that have this reference; the facts of each build.
    pub fn facts(&self, cases: &[Case]) -> BTreeMap<Key, Vec<String>> {
        reset::to_base(self.daemon, self.base).unwrap();
        let begun = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let cases: Vec<&Case> = cases
            .iter()
            .filter(|case| case.references.contains(&self.reference))
            .collect();
        let built = self.build_all(&cases, begun);
        let images = self.images(&built);
        let lens = Lens {
            base: self.base,
            begun,
        };
        let told = |built| match built {
            Built::Refused(lines) => lines,
            Built::Image { name, steps } => match images.get(&name) {
                Some(image) => [lens.image(image), steps].concat(),
                None => vec![format!("no image {name}")],
            },
        };
        built
            .into_iter()
            .map(|(key, built)| (key, told(built)))
            .collect()
    }

    fn build_all(&self, cases: &[&Case], begun: u64) -> BTreeMap<Key, Built> {
        let next = AtomicUsize::new(0);
        let all: Mutex<BTreeMap<Key, Built>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..LANES.min(cases.len()) {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let built = self.play(case, begun);
                        let keyed = built.into_iter().enumerate();
                        let keyed = keyed.map(|(number, built)| ((case.id(), number), built));
                        all.lock().unwrap().extend(keyed);
                    }
                });
            }
        });
        all.into_inner().unwrap()
    }

    fn play(&self, case: &Case, begun: u64) -> Vec<Built> {
        let desk = Desk::new(case, self.client, self.daemon.address(), self.reference);
        let mut built = Vec::new();
        for step in &case.steps {
            match step {
                Step::Shell(line) => {
                    desk.shell(line);
                }
                Step::Build(build) => {
                    // A file that changes between two builds gets another time, by which clients tell that it changed.
                    age(&desk.context(), begun, WRITTEN + built.len() as u64);
                    built.push(self.build(case, build, built.len(), &desk));
                }
            }
        }
        built
    }

    fn build(&self, case: &Case, build: &Build, number: usize, desk: &Desk) -> Built {
        let of = self.reference.name();
        let name = format!("{of}/{}/{}:{number}", case.family, case.name);
        let (words, own) = (&build.words, self.reference != Reference::Classic);
        let cache = if build.cached { "" } else { "--no-cache " };
        let plain = if own { "--progress=plain " } else { "" };
        let finished =
            desk.shell_whatever(&format!("docker build {cache}{plain}-t {name} {words}"));
        if finished.code != 0 {
            let place = self.reference == Reference::Documents;
            return Built::Refused(outcome::refusal(&finished, place));
        }
        let mut steps = Vec::new();
        if build.cached {
            steps = outcome::steps(&finished);
        } else if own && matches!(self.client, Which::Own) {
            steps.extend(self.built_again(&name, words, desk));
        }
        Built::Image { name, steps }
    }

    /// What our own builder finds in its cache is the image that it made.
    fn built_again(&self, name: &str, words: &str, desk: &Desk) -> Option<String> {
        let id = "docker image inspect --format '{{.Id}}'";
        let again = desk.shell_whatever(&format!(
            "docker build -q -t {name}-again {words} > /dev/null; {id} {name} {name}-again"
        ));
        let mut ids = again.stdout.lines();
        let same = again.code == 0 && ids.next() == ids.next();
        (!same).then(|| {
            format!(
                "another image, built again: {}{}",
                again.stdout, again.stderr
            )
        })
    }

    /// All images in one archive, so that what they share is written once.
    fn images(&self, built: &BTreeMap<Key, Built>) -> BTreeMap<String, image::Image> {
        let names = built.values().filter_map(|built| match built {
            Built::Image { name, .. } => Some(name.as_str()),
            Built::Refused(_) => None,
        });
        let names: Vec<&str> = names.collect();
        if names.is_empty() {
            return BTreeMap::new();
        }
        let folder = TempDir::new().unwrap();
        let archive = folder.path().join("images.tar");
        let mut save = Command::new(self.client.program());
        save.arg("save").arg("-o").arg(&archive).args(names);
        save.env("DOCKER_HOST", self.daemon.address())
            .env_remove("DOCKER_CONTEXT");
        finish(&mut save, b"", PATIENCE * 3).good();
        image::read(&archive)
    }
}

/// Where a case is played: its context, and the client as `docker`.
pub struct Desk {
    folder: TempDir,
    address: String,
    reference: Reference,
}

impl Desk {
    pub fn new(case: &Case, client: Which, address: String, reference: Reference) -> Self {
        let folder = TempDir::new().unwrap();
        let desk = Self {
            folder,
            address,
            reference,
        };
        std::fs::create_dir_all(desk.context()).unwrap();
        std::fs::create_dir_all(desk.programs()).unwrap();
        std::os::unix::fs::symlink(client.program(), desk.programs().join("docker")).unwrap();
        for (path, text) in &case.files {
            let path = desk.context().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        desk.shell("chmod -R u=rwX,go=rX .");
        desk
    }

    fn context(&self) -> std::path::PathBuf {
        self.folder.path().join("context")
    }

    fn programs(&self) -> std::path::PathBuf {
        self.folder.path().join("programs")
    }

    /// A step that must go well.
    pub fn shell(&self, line: &str) -> Finished {
        self.shell_whatever(line).exits(0)
    }

    fn shell_whatever(&self, line: &str) -> Finished {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("umask 022; {line}")])
            .current_dir(self.context());
        let path = std::env::var("PATH").unwrap_or_default();
        shell
            .env(
                "PATH",
                format!("{}:{path}:/usr/sbin:/sbin", self.programs().display()),
            )
            .env("DOCKER_HOST", &self.address)
            .env("DOCKER_CONFIG", self.folder.path().join("config"))
            .env("TZ", "UTC")
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_BUILDKIT")
            .env_remove("SOURCE_DATE_EPOCH");
        match self.reference {
            Reference::Classic => shell.env("DOCKER_BUILDKIT", "0"),
            Reference::Buildkit => shell.env("DOCKER_BUILDKIT", "1"),
            Reference::Documents => &mut shell,
        };
        finish(&mut shell, b"", PATIENCE * 2)
    }
}

/// Gives all that was written since `begun` the time `written`.
fn age(path: &Path, begun: u64, written: u64) {
    use std::os::unix::fs::MetadataExt as _;
    let meta = std::fs::symlink_metadata(path).unwrap();
    if meta.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path(), begun, written);
        }
    }
    if u64::try_from(meta.mtime()).unwrap_or(0) >= begun {
        let time = nix::sys::time::TimeVal::new(i64::try_from(written).unwrap(), 0);
        nix::sys::stat::lutimes(path, &time, &time).unwrap();
    }
}
