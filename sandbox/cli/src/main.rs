//! `docker` as a program of its own.

fn main() {
    std::process::exit(drydock_cli::main(std::env::args_os().collect()));
}
