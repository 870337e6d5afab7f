//! Builds the front end: `static/` is copied into `OUT_DIR`, its packages are installed there, and
//! the bundle lands in `$OUT_DIR/web`, which `server/assets.rs` embeds. The source tree stays clean.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, process};

/// What `static/package.json` asks for in `engines`.
const MINIMUM_NODE: u32 = 18;

/// Names a folder with a finished bundle, for machines without Node.
const PREBUILT: &str = "DRYDOCK_WEB_DIR";

fn main() {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    if let Err(error) = build() {
        eprintln!("\nThe front end could not be built: {error}\n");
        process::exit(1);
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let web = out.join("web");
    remove(&web)?;
    if let Some(prebuilt) = env::var_os(PREBUILT) {
        println!("cargo::rerun-if-changed={}", prebuilt.display());
        if !Path::new(&prebuilt).join("site.css").is_file() {
            return Err(format!("{PREBUILT} names no folder with a finished bundle").into());
        }
        return Ok(copy(Path::new(&prebuilt), &web)?);
    }
    require_node()?;
    let work = out.join("front");
    remove(&work.join("src"))?;
    copy(Path::new("static"), &work)?;
    install(&work)?;
    let bundle = format!("--outdir={}", web.display());
    npm(&work, &["run", "--silent", "build", "--", &bundle])
}

/// Says what to install when Node is missing or too old.
fn require_node() -> Result<(), String> {
    let help = format!(
        "Node.js {MINIMUM_NODE} or newer with npm is needed.\n\
         On Debian and Ubuntu: apt-get install nodejs npm\n\
         Or set {PREBUILT} to a folder with a bundle built elsewhere."
    );
    let answer = |program: &str| Command::new(program).arg("--version").output().ok();
    let Some(node) = answer("node").filter(|node| node.status.success()) else {
        return Err(format!("`node` was not found. {help}"));
    };
    let version = String::from_utf8_lossy(&node.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next();
    if major.and_then(|major| major.parse().ok()).unwrap_or(0) < MINIMUM_NODE {
        return Err(format!("`node` is {version}. {help}"));
    }
    match answer("npm") {
        Some(npm) if npm.status.success() => Ok(()),
        _ => Err(format!("`npm` was not found. {help}")),
    }
}

/// Installs the packages of the lock file, unless they are there from last time.
fn install(work: &Path) -> Result<(), Box<dyn Error>> {
    let lock = fs::read(work.join("package-lock.json"))?;
    let installed = work.join("installed-lock.json");
    if fs::read(&installed).is_ok_and(|last| last == lock) {
        return Ok(());
    }
    remove_file(&installed)?;
    npm(work, &["ci", "--ignore-scripts", "--omit=dev"]).map_err(|error| {
        format!("{error}\nThe packages of static/package-lock.json are fetched once from npm's registry; is it reachable?")
    })?;
    Ok(fs::write(installed, lock)?)
}

fn npm(work: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = Command::new("npm")
        .args(arguments)
        .current_dir(work)
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "`npm {}` failed ({status}); its words are above",
        arguments.join(" ")
    )
    .into())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), target)?;
        } else if entry.file_name() != "node_modules" {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    fs::remove_dir_all(folder).or_else(missing_is_fine)
}

fn remove_file(file: &Path) -> io::Result<()> {
    fs::remove_file(file).or_else(missing_is_fine)
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}
