//! Which process is this? The name it was executed under says so; without one of ours, the sub-command does.

mod commands;

use std::{ffi::OsString, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = args
        .first()
        .and_then(|arg| Path::new(arg).file_name()?.to_str())
        .unwrap_or_default();
    if name == "docker" {
        return exit_code(drydock_cli::main(args));
    }
    let words = || {
        args.iter()
            .skip(1)
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    };
    match name {
        drydock_runtime::entry::MAPPED => exit_code(drydock_session::mapped::main(&words())),
        drydock_runtime::entry::ENGINE => commands::engine_process::main(),
        drydock_session::ERRAND => commands::errand::main(),
        commands::provision::NAME => commands::provision::main(&words()),
        _ => match drydock_runtime::entry::run(name, &words()) {
            Some(code) => exit_code(code),
            None => commands::run(),
        },
    }
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
