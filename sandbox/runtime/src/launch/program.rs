//! What the new process becomes: looked up in PATH as execvp(3) does, then executed.

use std::{convert::Infallible, ffi::CString, io, path::Path};

use rustix::fs::{Access, AtFlags, CWD, FileType, accessat, stat};

use super::{LaunchError, error::reason, identity::Identity};
use crate::container::ProcessSpec;

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The process's environment, with the user's home in it.
pub fn environment(process: &ProcessSpec, identity: &Identity) -> Vec<String> {
    let mut env = process.env.clone();
    if !env.iter().any(|var| var.starts_with("HOME=")) {
        env.push(format!("HOME={}", identity.home));
    }
    env
}

/// The file that `args[0]` means.
pub fn find(args: &[String], env: &[String], cwd: &str) -> Result<String, LaunchError> {
    let name = args.first().map_or("", String::as_str);
    if name.contains('/') {
        return usable(
            Path::new(cwd).join(name).to_string_lossy().into_owned(),
            name,
        );
    }
    let path = env
        .iter()
        .find_map(|var| var.strip_prefix("PATH="))
        .unwrap_or(DEFAULT_PATH);
    let mut refused = None;
    for dir in path
        .split(':')
        .filter(|dir| !dir.is_empty() && !name.is_empty())
    {
        match usable(format!("{dir}/{name}"), name) {
            Ok(found) => return Ok(found),
            // A file that cannot be executed hides nothing further along the path.
            Err(LaunchError::NotExecutable { name, reason }) if reason == "permission denied" => {
                refused = Some(LaunchError::NotExecutable { name, reason });
            }
            Err(_) => {}
        }
    }
    Err(refused.unwrap_or_else(|| LaunchError::NotFound { name: name.into() }))
}

fn usable(path: String, name: &str) -> Result<String, LaunchError> {
    let not = |reason: &str| LaunchError::NotExecutable {
        name: name.into(),
        reason: reason.into(),
    };
    match stat(path.as_str()) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
            return Err(LaunchError::NoSuchFile { name: name.into() });
        }
        Err(error) => return Err(not(&reason(&error.into()))),
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Directory => {
            return Err(not("is a directory"));
        }
        Ok(_) => {}
    }
    match accessat(CWD, path.as_str(), Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) => Ok(path),
        Err(error) => Err(not(&reason(&error.into()))),
    }
}

/// Replaces this process.
pub fn execute(path: &str, args: &[String], env: &[String]) -> Result<Infallible, LaunchError> {
    let name = args.first().cloned().unwrap_or_default();
    let not = |reason: String| LaunchError::NotExecutable {
        name: name.clone(),
        reason,
    };
    let c = |texts: &[String]| {
        texts
            .iter()
            .map(|t| CString::new(t.as_str()))
            .collect::<Result<Vec<_>, _>>()
    };
    let (Ok(path), Ok(args), Ok(env)) = (CString::new(path), c(args), c(env)) else {
        return Err(not("invalid argument".into()));
    };
    let error: io::Error = match nix::unistd::execve(&path, &args, &env) {
        Ok(never) => match never {},
        Err(error) => error.into(),
    };
    // The file was there a moment ago: ENOENT is about the interpreter it names.
    Err(match error.raw_os_error() {
        Some(libc::ENOENT) => not("no such file or directory".into()),
        _ => not(reason(&error)),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn find_one(name: &str, path: &str) -> Result<String, LaunchError> {
        find(&[name.into()], &[format!("PATH={path}")], "/")
    }

    #[test]
    fn a_bare_name_is_looked_up_in_path() {
        assert_eq!(find_one("sh", "/nowhere:/bin").unwrap(), "/bin/sh");
        let missing = find_one("no-such-program", "/bin").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "exec: \"no-such-program\": executable file not found in $PATH"
        );
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        assert!(matches!(
            find_one("/bin/nope", "").unwrap_err(),
            LaunchError::NoSuchFile { .. }
        ));
        assert_eq!(
            find_one("/etc", "").unwrap_err().to_string(),
            "exec: \"/etc\": is a directory"
        );
        assert_eq!(
            find_one("/etc/passwd", "").unwrap_err().to_string(),
            "exec: \"/etc/passwd\": permission denied"
        );
    }
}
